import t from 'tap'
import { digits, ratio, thousands } from '../../benchmarks/format.js'

t.test('three digits say enough', async t => {
  t.same([0, 0.27149, 4.6149, 98.44, 1834.4].map(digits), ['0', '0.271', '4.61', '98.4', '1834'])
  t.equal(digits(Number.NaN), '-')
})

t.test('large numbers get a unit', async t => {
  t.same([12, 999, 999.6, 98_440, 1_834_000].map(thousands), ['12.0', '999', '1.00 k', '98.4 k', '1.83 M'])
  t.equal(thousands(999_600), '1.00 M')
})

t.test('ratios line up', async t => {
  t.same([0.6, 1, 12.345, Number.NaN].map(ratio), ['0.60', '1.00', '12.35', '-'])
})
