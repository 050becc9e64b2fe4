import { Random } from '../../examples/redis/random.js'
import { nameOf } from './compare.js'
import { UNTRIED } from './exceptions.js'
import { GRAMMARS } from './grammar.js'
import { leaves, type Node, parse, produce } from './notation.js'
import { isHarmless, spoil } from './spoil.js'
import type { Step, Transcript } from './transcript.js'
import { ALL_KEYS, wordFor } from './words.js'

const PARSED: ReadonlyMap<string, Node> = new Map(
  Object.entries(GRAMMARS).map(([name, text]) => [name, parse(text)]),
)
/** All tested commands. */
export const NAMES = [...PARSED.keys()].filter(name => !(name in UNTRIED))

/** Names of options, from all grammars. */
const LITERALS = [...PARSED.values()].flatMap(node =>
  [...leaves(node)].filter(({ kind }) => kind === 'literal').map(({ text }) => text),
)

/** Commands that must not be between MULTI and EXEC, because they have more than one reply there, or none. */
const OUTSIDE = /^(multi|exec|discard|quit|reset|p?(un)?subscribe|client\|reply)$/
/** Chosen as often as all other commands of their group together: they create the data to compare. */
const WRITERS = ['set', 'rpush', 'lpush', 'sadd', 'hset', 'zadd', 'mset', 'append']

/** The approximate number of commands in a transcript. */
const LENGTH = 60

/** Whether a command is tested, itself or by its subcommands, or listed as not tested. */
export function isKnown(name: string): boolean {
  const [container = ''] = name.split('|')
  return (
    PARSED.has(name) ||
    name in UNTRIED ||
    container in UNTRIED ||
    NAMES.some(each => each.startsWith(`${name}|`))
  )
}

/** The transcript of a seed, with only these commands if any are named. */
export function generate(seed: number, names: readonly string[] = NAMES): Transcript {
  const random = new Random(seed)
  const protocols = [random.below(3) === 0 ? 3 : 2, random.below(2) === 0 ? 3 : 2] as const
  const steps: Step[] = []
  while (steps.length < LENGTH) steps.push(...scene(random, names))
  return { protocols, steps: [...withoutHalfReplies(steps), ...inventory(random)] }
}

/** Removes what would be queued and then have more than one reply: the end of EXEC's reply would be unknown. */
function withoutHalfReplies(steps: readonly Step[]): Step[] {
  const queueing = new Set<number>()
  return steps.filter(({ connection, args }) => {
    const name = nameOf(args)
    if (name === 'multi') queueing.add(connection)
    else if (/^(exec|discard|reset|quit)$/.test(name)) queueing.delete(connection)
    return !queueing.has(connection) || !/^p?(un)?subscribe$|^client\|reply$/.test(name)
  })
}

/** Several steps that belong together. */
function scene(random: Random, names: readonly string[]): Step[] {
  const choice = random.below(40)
  if (choice === 0) return transaction(random, names)
  if (choice === 1)
    return [
      by(
        1,
        command(
          random,
          names.filter(name => !/^(flush|swapdb|quit|spop)/.test(name)),
        ),
      ),
    ]
  if (choice === 2) return broadcast(random)
  if (choice === 3 && random.below(4) === 0) return crowd(random, names)
  const name = random.below(4) === 0 ? random.pick(WRITERS) : random.pick(names)
  const args = command(random, [names.includes(name) ? name : random.pick(names)])
  // After random elements are removed, the rest of a set differs between the servers.
  return name === 'spop'
    ? [by(0, args), by(0, ['SCARD', args[1] ?? '']), by(0, ['DEL', args[1] ?? ''])]
    : [by(0, args)]
}

function by(connection: number, args: readonly string[]): Step {
  return { connection, args }
}

/** One client subscribes, another publishes. */
function broadcast(random: Random): Step[] {
  const channel = wordFor('channel', random)
  const pattern = wordFor('pattern', random)
  return [
    by(1, random.below(2) === 0 ? ['SUBSCRIBE', ...channel] : ['PSUBSCRIBE', ...pattern]),
    by(0, ['PUBLISH', ...channel, ...wordFor('value', random)]),
    by(1, [random.pick(['UNSUBSCRIBE', 'PUNSUBSCRIBE', 'PING', 'RESET'])]),
  ]
}

const CROWDS = [
  { kind: 'l', write: ['RPUSH', 'LPUSH'], size: 1 },
  { kind: 'e', write: ['SADD'], size: 1 },
  { kind: 'h', write: ['HSET'], size: 2 },
  { kind: 'z', write: ['ZADD'], size: 2 },
]

/**
 * Enough elements at one key that servers use the large encoding, and commands for that key. Excludes ranges of bytes:
 * with different scores they are defined only for few elements.
 */
function crowd(random: Random, names: readonly string[]): Step[] {
  const { kind, write, size } = random.pick(CROWDS)
  const count = random.pick([100, 129, 200, 513, 600]) * size
  const elements = Array.from({ length: count }, () => String(random.below(1000) - 100))
  const fitting = names.filter(name => GRAMMARS[name]?.startsWith(`<${kind}>`) && !/lex|pop$/.test(name))
  const calls = Array.from({ length: fitting.length > 0 ? 8 : 0 }, () => [...command(random, fitting)])
  const steps = calls
    .filter(args => args.length > 1 && !args.some(arg => /^bylex/i.test(arg)))
    .map(args => args.with(1, 'crowd'))
  return [[random.pick(write), 'crowd', ...elements], ...steps, ['DEL', 'crowd']].map(args => by(0, args))
}

/** MULTI to EXEC or DISCARD, perhaps after a WATCH, and another client that writes. */
function transaction(random: Random, names: readonly string[]): Step[] {
  const queued = names.filter(name => !OUTSIDE.test(name) && name !== 'spop')
  const steps: Step[] = []
  if (random.below(2) === 0)
    steps.push(by(0, ['WATCH', ...wordFor('key', random), ...wordFor('key', random)]))
  const writers = random.below(2) === 0 ? WRITERS.filter(name => names.includes(name)) : []
  if (steps.length > 0 && writers.length > 0) steps.push(by(1, command(random, writers)))
  steps.push(by(0, ['MULTI']))
  for (let count = random.below(6); count > 0 && queued.length > 0; count--) {
    steps.push(by(0, command(random, queued)))
  }
  return [...steps, by(0, [random.pick(['EXEC', 'EXEC', 'EXEC', 'DISCARD', 'exec'])])]
}

/** A command that follows its grammar, or almost does. */
export function command(random: Random, names: readonly string[] = NAMES): readonly string[] {
  const name = random.pick(names)
  for (;;) {
    const args = call(random, name)
    const given = random.below(4) === 0 ? spoil(random, name, args, LITERALS) : args
    if (isHarmless(given)) return given
  }
}

function call(random: Random, name: string): string[] {
  const node = PARSED.get(name)
  if (node === undefined) throw new Error(`the command ${name} has no grammar`)
  const word = (wanted: string): readonly string[] => {
    if (wanted === 'command') return [random.pick([...NAMES, 'nosuch', 'GET'])]
    if (wanted === 'call') return call(random, random.pick(NAMES))
    return wordFor(wanted, random)
  }
  const names = name.split('|')
  return [
    ...(random.below(4) === 0 ? names.map(each => each.toUpperCase()) : names),
    ...produce(node, random, word),
  ]
}

/** Reads all data at the end. */
function inventory(random: Random): Step[] {
  const asked = ALL_KEYS.flatMap(key => [
    ['TYPE', key],
    ['PEXPIRETIME', key],
    random.pick([
      ['GET', key],
      ['STRLEN', key],
    ]),
    ['LRANGE', key, '0', '-1'],
    ['SMEMBERS', key],
    ['HGETALL', key],
    ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  ])
  const atEnd = [['DISCARD'], ['UNSUBSCRIBE'], ['PUNSUBSCRIBE'], ['SELECT', '0'], ['DBSIZE'], ...asked]
  return [by(1, ['PING']), ...atEnd.map(args => by(0, args))]
}
