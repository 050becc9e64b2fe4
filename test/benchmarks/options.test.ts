import t from 'tap'
import { bench, common } from '../../benchmarks/bench.js'
import { choice, number, numbers, readArguments, some, valuesOf } from '../../benchmarks/options.js'

const table = {
  ...common({ rounds: 3, seconds: 1.5, quick: 0.5 }),
  size: numbers('bytes', [64, 1024], [64]),
  keys: number('keys', 0, 0, { zero: true }),
  list: choice('which', ['short', 'all']),
  servers: some('who', ['a', 'b', 'c'], ['a', 'b']),
}
const knows = (name: string) => (table as Record<string, { shape: string }>)[name]?.shape
const read = (...args: string[]) => {
  const { words, given } = readArguments(args, name => {
    const shape = knows(name)
    return shape === undefined ? undefined : shape !== ''
  })
  return { words, ...valuesOf(table, given) }
}

t.test('options that are not given have their defaults', async t => {
  const { words, ...values } = read('redis')
  t.same(words, ['redis'])
  t.same(values, {
    quick: false,
    write: false,
    rounds: 3,
    seconds: 1.5,
    size: [64, 1024],
    keys: 0,
    list: 'short',
    servers: ['a', 'b'],
  })
})

t.test('--quick changes defaults, not what was given', async t => {
  t.match(read('--quick'), { quick: true, rounds: 1, seconds: 0.5, size: [64] })
  t.match(read('--rounds', '5', '--quick', '--size=7,8'), { rounds: 5, size: [7, 8], seconds: 0.5 })
})

t.test('values are written after a blank or an equals sign', async t => {
  t.match(read('--list', 'all', '--servers=c,a', '--keys=0'), { list: 'all', servers: ['a', 'c'], keys: 0 })
})

const bad: readonly (readonly [args: string[], message: RegExp])[] = [
  [['--frob', '1'], /there is no option --frob/],
  [['-P', '16'], /'-P' is no option/],
  [['--rounds'], /--rounds needs a value/],
  [['--rounds', '--quick'], /--rounds needs a value/],
  [['--rounds', '0'], /--rounds takes a whole number, 1 or more, not '0'/],
  [['--rounds', '1.5'], /--rounds .* not '1\.5'/],
  [['--rounds', ''], /--rounds .* not ''/],
  [['--seconds', '-1'], /--seconds takes a positive number, not '-1'/],
  [['--keys', 'many'], /--keys takes a whole number, 0 or more, not 'many'/],
  [['--size', '64,x'], /--size .* not 'x'/],
  [['--list', 'long'], /--list takes short or all, not 'long'/],
  [['--servers', 'a,d'], /--servers knows a, b, c, not 'd'/],
  [['--quick=yes'], /--quick takes no value, not 'yes'/],
  [['--rounds', '1', '--rounds', '2'], /--rounds is given twice/],
]
for (const [args, message] of bad) {
  t.test(`${args.join(' ')} is refused by name`, async t => {
    t.throws(() => read(...args), { name: 'UsageError', message })
  })
}

t.test('a bench refuses an option of another bench', async t => {
  const echo = bench('echo', 'echoes', { size: table.size }, () => t.fail('it was planned') as never)
  t.equal(echo.takesValue('size'), true)
  t.equal(echo.takesValue('list'), undefined)
  await t.rejects(echo.plan(new Map([['list', 'all']])), { message: /--list is not an option here/ })
})

t.test('the help names every option with its default', async t => {
  const { help } = bench('all', 'all of them', table, () => t.fail('it was planned') as never)
  for (const name of Object.keys(table)) t.match(help, new RegExp(`^ {2}--${name}\\b`, 'm'))
  t.match(help, /--size N,N .*\(64,1024, with --quick 64\)/)
})
