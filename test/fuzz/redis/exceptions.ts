import {
  type Likeness,
  near,
  sameElements,
  sameEntries,
  samePairs,
  sameScan,
  sameShape,
  sameSorted,
  sameType,
  sameWhereBoth,
} from './likeness.js'

/** Replies that may differ, and why. */
export interface Exception {
  commands: readonly string[]
  likeness: Likeness
  why: string
}

export const EXCEPTIONS: readonly Exception[] = [
  {
    commands: ['smembers', 'sinter', 'sunion', 'sdiff', 'hkeys', 'hvals', 'keys', 'pubsub|channels'],
    likeness: sameElements,
    why: 'Sets, hashes and the keyspace have no order.',
  },
  {
    commands: ['dump'],
    likeness: sameType,
    why: 'The clone uses the plainest encoding, Redis its internal one. Each can restore the dumps of the other.',
  },
  {
    commands: ['memory|usage'],
    likeness: sameType,
    why: 'The memory of a value depends on the server.',
  },
  { commands: ['hgetall'], likeness: samePairs, why: 'A hash has no order.' },
  {
    commands: ['scan', 'sscan'],
    likeness: sameScan(1),
    why: 'Cursors and the number of elements per call depend on the server. Complete iterations are compared.',
  },
  {
    commands: ['hscan', 'zscan'],
    likeness: sameScan(2),
    why: 'Cursors and the number of elements per call depend on the server. Complete iterations are compared.',
  },
  {
    commands: ['spop', 'srandmember', 'hrandfield', 'zrandmember', 'randomkey'],
    likeness: sameShape,
    why: 'The result is random. The number of elements and their types are compared.',
  },
  {
    commands: ['ttl', 'expiretime', 'object|idletime'],
    likeness: near(3),
    why: 'The two servers don’t receive the command in the same second.',
  },
  {
    commands: ['pttl', 'pexpiretime'],
    likeness: near(3000),
    why: 'The two servers don’t receive the command in the same millisecond.',
  },
  {
    commands: ['sort', 'sort_ro'],
    likeness: sameSorted,
    why: 'With equal BY values, or none, a set keeps its order, which is undefined.',
  },
  {
    commands: ['object|refcount'],
    likeness: near(1),
    why: 'Redis counts the arguments of a running transaction.',
  },
  {
    commands: ['dbsize'],
    likeness: near(5),
    why: 'Expired keys count until they are accessed, or removed in the background.',
  },
  { commands: ['time'], likeness: sameShape, why: 'The time differs.' },
  {
    commands: ['hello', 'client|id', 'client|list', 'client|info', 'info'],
    likeness: sameShape,
    why: 'They describe the server and its connections.',
  },
  {
    commands: ['command', 'command|count', 'command|docs', 'command|list'],
    likeness: sameType,
    why: 'They list the commands, and the clone has fewer.',
  },
  {
    commands: ['command|info'],
    likeness: sameEntries,
    why: 'Names, arity, flags and key positions are compared; tips and categories are not.',
  },
  {
    commands: [
      'client|help',
      'command|help',
      'config|help',
      'function|help',
      'memory|help',
      'object|help',
      'pubsub|help',
      'script|help',
    ],
    likeness: sameType,
    why: 'The help texts differ.',
  },
  {
    commands: ['config|get'],
    likeness: sameWhereBoth,
    why: 'The clone has fewer settings. The common ones are compared.',
  },
]

/** Commands that are not tested, with all their subcommands, and why. */
export const UNTRIED: Readonly<Record<string, string>> = {
  'client|reply': 'it suppresses replies, which a session counts.',
  debug: 'it is for tests, and disabled in redis-server by default.',
  'client|setinfo': 'it is new in Redis 7.2. Current clients send it, and accept any reply.',
}

const BY_COMMAND = new Map(
  EXCEPTIONS.flatMap(({ commands, likeness }) => commands.map(command => [command, likeness] as const)),
)

/** How similar the replies to a command must be; errors must always be equal. */
export function likenessFor(command: string): Likeness | undefined {
  return BY_COMMAND.get(command)
}
