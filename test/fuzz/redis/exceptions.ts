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
    why: 'The clone writes the plainest form, and Redis the one that it keeps. Each restores what the other dumps.',
  },
  {
    commands: ['memory|usage'],
    likeness: sameType,
    why: 'A value takes other memory in another server.',
  },
  { commands: ['hgetall'], likeness: samePairs, why: 'A hash has no order.' },
  {
    commands: ['scan', 'sscan'],
    likeness: sameScan(1),
    why: 'How much of an iteration one call does, and its cursor, are each server’s own. Complete ones are compared.',
  },
  {
    commands: ['hscan', 'zscan'],
    likeness: sameScan(2),
    why: 'How much of an iteration one call does, and its cursor, are each server’s own. Complete ones are compared.',
  },
  {
    commands: ['spop', 'srandmember', 'hrandfield', 'zrandmember', 'randomkey'],
    likeness: sameShape,
    why: 'Chance decides. The number of elements and their types are compared.',
  },
  {
    commands: ['ttl', 'expiretime', 'object|idletime'],
    likeness: near(3),
    why: 'Two servers are not asked in the same second.',
  },
  {
    commands: ['pttl', 'pexpiretime'],
    likeness: near(3000),
    why: 'Two servers are not asked in the same millisecond.',
  },
  {
    commands: ['sort', 'sort_ro'],
    likeness: sameSorted,
    why: 'BY texts that are the same, or nothing, leaves sets as they are, and those have no order.',
  },
  {
    commands: ['object|refcount'],
    likeness: near(1),
    why: 'Redis counts the arguments of a transaction that is still running.',
  },
  {
    commands: ['dbsize'],
    likeness: near(5),
    why: 'Keys that have expired are counted until somebody looks at them, or the server comes by.',
  },
  { commands: ['time'], likeness: sameShape, why: 'The time goes on.' },
  {
    commands: ['hello', 'client|id', 'client|list', 'client|info', 'info'],
    likeness: sameShape,
    why: 'They tell of the server and its connections.',
  },
  {
    commands: ['command', 'command|count', 'command|docs', 'command|list'],
    likeness: sameType,
    why: 'They tell of the commands that there are, and the clone has fewer.',
  },
  {
    commands: ['command|info'],
    likeness: sameEntries,
    why: 'Names, arity, flags and places of keys are compared, and not tips and categories.',
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
    why: 'Its help texts differ.',
  },
  {
    commands: ['config|get'],
    likeness: sameWhereBoth,
    why: 'The clone has fewer settings. Those that it has are compared.',
  },
]

/** Commands that are not tested, with all their subcommands, and why. */
export const UNTRIED: Readonly<Record<string, string>> = {
  'client|reply': 'It leaves replies out, and a session counts them.',
  debug: 'It is for tests, and redis-server lets nobody use it unless it is told to.',
  'client|setinfo': 'It is of Redis 7.2. Clients of today send it, and are content with any answer.',
}

const BY_COMMAND = new Map(
  EXCEPTIONS.flatMap(({ commands, likeness }) => commands.map(command => [command, likeness] as const)),
)

/** How similar the replies to a command must be; errors must always be equal. */
export function likenessFor(command: string): Likeness | undefined {
  return BY_COMMAND.get(command)
}
