import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { COMMANDS } from '../../../examples/redis/commands/table.js'
import { Random } from '../../examples/redis/random.js'
import { noRedisServer, startClone, startRedis } from '../../examples/redis/servers.js'
import { root } from '../../paths.js'
import { type Batch, firstDifference } from './compare.js'
import { EXCEPTIONS, UNTRIED } from './exceptions.js'
import { generate, isKnown } from './generate.js'
import { GRAMMARS } from './grammar.js'
import { leaves, parse, produce } from './notation.js'
import { examine, report } from './search.js'
import { shrink } from './shrink.js'
import { textOf } from './transcript.js'
import { type Tree, treeOf } from './tree.js'
import { wordFor } from './words.js'

/** FUZZ=N tries N times as many. */
const SEEDS = 60 * Number(process.env.FUZZ ?? 1)

const FULL_NAMES = COMMANDS.flatMap(({ name, subcommands, arity }) => {
  const inner = [...(subcommands?.values() ?? [])].map(each => each.name)
  return subcommands !== undefined && Math.abs(arity) > 1 ? inner : [name, ...inner]
})

function isUntried(name: string): boolean {
  return name in UNTRIED || (name.split('|')[0] ?? '') in UNTRIED
}

t.test('every command of the clone has a grammar', async t => {
  t.strictSame(
    FULL_NAMES.filter(name => !(name in GRAMMARS || isUntried(name))),
    [],
  )
  t.strictSame(
    COMMANDS.map(({ name }) => name).filter(name => !isKnown(name)),
    [],
  )
})

t.test('grammars and exceptions are of commands that there are, and of words that there are', async t => {
  const named = [...Object.keys(GRAMMARS), ...EXCEPTIONS.flatMap(({ commands }) => commands)]
  t.strictSame(
    named.filter(name => !FULL_NAMES.includes(name)),
    [],
  )
  const all = [...FULL_NAMES, ...COMMANDS.map(({ name }) => name)]
  t.strictSame(
    Object.keys(UNTRIED).filter(name => !all.includes(name)),
    [],
  )
  const words = Object.values(GRAMMARS).flatMap(text => [...leaves(parse(text))])
  for (const { kind, text } of words) {
    if (kind === 'word' && !['command', 'call'].includes(text)) wordFor(text, new Random(1))
  }
})

t.test('the documents name every exception and its reason', async t => {
  const page = readFileSync(join(root, 'docs/redis.md'), 'utf8')
  const shown = (name: string) => name.toUpperCase().replace('|', ' ')
  for (const { commands, why } of EXCEPTIONS) {
    t.ok(page.includes(`| ${commands.map(shown).join(', ')} | ${why} |`), commands.join())
  }
  for (const [name, why] of Object.entries(UNTRIED)) {
    t.ok(page.includes(`- ${shown(name)} is not tested: ${why}`), name)
  }
})

t.test('the notation', async t => {
  const all = (text: string) => {
    const made = Array.from({ length: 200 }, (_, seed) => {
      const words = produce(parse(text), new Random(seed), name => [`<${name}>`])
      return words.join(' ').toUpperCase()
    })
    return [...new Set(made)].sort()
  }
  t.strictSame(all('A <key>'), ['A <KEY>'])
  t.strictSame(all('[ A ]'), ['', 'A'])
  t.strictSame(all('( A | B C )'), ['A', 'B C'])
  t.strictSame(all('( A )+'), ['A', 'A A', 'A A A', 'A A A A'])
  t.strictSame(all('<x>*'), ['', '<X>', '<X> <X>', '<X> <X> <X>'])
  t.strictSame(all('{ A ; B C }'), ['', 'A', 'A B C', 'B C', 'B C A'])
  t.throws(() => parse('( A'))
  t.throws(() => parse('A )'))
})

t.test('a seed makes the same transcript each time, and another another', async t => {
  t.equal(textOf(generate(7)), textOf(generate(7)))
  t.not(textOf(generate(7)), textOf(generate(8)))
})

const tree = (text: string): Tree => treeOf(Buffer.from(`${text.replaceAll(' ', '\r\n')}\r\n`, 'latin1'))

function batch(command: string, ...replies: string[]): Batch {
  return { steps: [{ connection: 0, args: command.split(' ') }], replies: replies.map(tree) }
}

t.test('what is different is seen, and what may be is not', async t => {
  const differs = (command: string, expected: string[], actual: string[]) =>
    firstDifference([batch(command, ...expected)], [batch(command, ...actual)]) !== undefined
  t.notOk(differs('get k', ['$1 a'], ['$1 a']))
  t.ok(differs('get k', ['$1 a'], ['$1 b']))
  t.ok(differs('get k', ['$1 a'], []))
  t.ok(differs('get k', ['$1 a'], ['$1 a', '+OK']))
  t.ok(differs('lrange l 0 -1', ['*2 :1 :2'], ['*2 :2 :1']))
  t.notOk(differs('smembers s', ['*2 :1 :2'], ['*2 :2 :1']))
  t.ok(differs('smembers s', ['*2 :1 :2'], ['*2 :2 :3']))
  t.ok(differs('smembers s', ['*2 :1 :2'], ['~2 :1 :2']))
  t.notOk(differs('hgetall h', ['*4 :1 :2 :3 :4'], ['*4 :3 :4 :1 :2']))
  t.ok(differs('hgetall h', ['*4 :1 :2 :3 :4'], ['*4 :2 :1 :3 :4']))
  t.notOk(differs('ttl k', [':100'], [':101']))
  t.ok(differs('ttl k', [':100'], [':-1']))
  t.ok(differs('ttl k', [':100'], [':120']))
  t.notOk(differs('srandmember s', ['$1 a'], ['$1 b']))
  t.ok(differs('srandmember s', ['$1 a'], ['-ERR']))
  t.notOk(differs('sscan s 0', ['*2 $1 0 *2 :1 :2'], ['*2 $1 0 *2 :2 :1']))
  t.ok(differs('sscan s 0', ['*2 $1 0 *2 :1 :2'], ['*2 $1 0 *1 :2']))
})

t.test('replies in a transaction are compared as their commands’ are', async t => {
  const steps = [['MULTI'], ['SMEMBERS', 's'], ['GET', 'k'], ['EXEC']].map(args => ({ connection: 0, args }))
  const run = (result: string) => [
    { steps, replies: ['+OK', '+QUEUED', '+QUEUED', result].map(text => tree(text)) },
  ]
  t.equal(firstDifference(run('*2 *2 :1 :2 $1 a'), run('*2 *2 :2 :1 $1 a')), undefined)
  t.match(firstDifference(run('*2 *2 :1 :2 $1 a'), run('*2 *2 :2 :1 $1 b')), { args: ['EXEC'] })
})

t.test('a transcript is shrunk to what makes it fail', async t => {
  const steps = ['A 1 2', 'B 3', 'C 4 5 6'].map(text => ({ connection: 0, args: text.split(' ') }))
  const fails = async ({ steps: left }: { steps: readonly { args: readonly string[] }[] }) =>
    left.some(({ args }) => args.includes('5')) && left.some(({ args }) => args[0] === 'A')
  const { steps: shrunk } = await shrink({ protocols: [2, 2], steps }, fails)
  t.strictSame(
    shrunk.map(({ args }) => args),
    [['A'], ['5']],
  )
})

t.test('the clone answers any commands as redis-server does', { skip: noRedisServer }, async t => {
  const [redis, clone] = [await startRedis(t), await startClone(t)]
  const pair = { redis: redis.path, clone: clone.path }
  for (let seed = 1; seed <= SEEDS; seed++) {
    const finding = await examine(pair, seed)
    if (finding !== undefined) t.fail(report(finding))
  }
  t.pass(`${SEEDS} seeds`)
})
