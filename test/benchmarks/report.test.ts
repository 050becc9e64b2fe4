import t from 'tap'
import { markdown } from '../../benchmarks/markdown.js'
import { aligned, report } from '../../benchmarks/report.js'
import { tableOf } from '../../benchmarks/table.js'
import { caption, outcome, plan } from './fixtures/plans.js'

t.test('the table has medians, spreads and ratios to the bases that took part', async t => {
  const { head, rows } = tableOf(plan, outcome)
  t.same(head, [
    'test',
    'server',
    'requests/s',
    'CPU us',
    'p50 ms',
    'p99 ms',
    'peak MiB',
    'requests/s / base',
    'CPU us / base',
  ])
  t.same(rows[1], [
    'SET, P = 1',
    'other',
    '250 k [111 k - 500 k]',
    '4.00 [2.00 - 9.00]',
    '4.00',
    '40.0',
    '3.00',
    '2.00 [1.78 - 2.00]',
    '0.50 [0.50 - 0.56]',
  ])
})

t.test('a base is 1.00 of itself, and a test the base has no figure for has no ratio', async t => {
  const { rows } = tableOf(plan, outcome)
  t.same(rows[0]?.slice(-2), ['1.00', '1.00'])
  t.same(rows[3]?.slice(-2), ['-', '-'])
})

t.test('the columns of the terminal line up, and a test is named once', async t => {
  const lines = aligned({
    head: ['test', 'n'],
    words: 1,
    rows: [
      ['a', '1'],
      ['a', '22'],
      ['long', '3'],
    ],
  })
  t.same(lines, ['test   n', '----  --', 'a      1', '      22', 'long   3'])
})

t.test('the report says how it was measured, who was left out and why', async t => {
  const text = report(plan, outcome, caption)
  t.match(text, /medians of 3 rounds/)
  for (const line of [...caption, ...outcome.skipped, ...outcome.failed]) t.match(text, line)
  t.match(report({ ...plan, rounds: 1 }, outcome, caption), /one round/)
})

t.test('the page is a Markdown table next to its picture', async t => {
  const lines = markdown(plan, outcome, caption).split('\n')
  const table = lines.filter(line => line.startsWith('|'))
  t.equal(table.length, 2 + outcome.rows.length)
  const columns = (line: string) => line.split(/(?<!\\)\|/).length
  for (const line of table) t.equal(columns(line), columns(table[0] ?? ''), line)
  t.ok(lines.some(line => line.includes('(sample.svg)')))
  for (const line of caption)
    t.ok(
      lines.some(other => other.includes(line)),
      line,
    )
  t.ok(
    lines.some(line => line.includes('&lt;no>')),
    'what could be taken for HTML is not',
  )
})
