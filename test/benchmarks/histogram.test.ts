import t from 'tap'
import { Histogram } from '../../benchmarks/histogram.js'

t.test('percentiles are within a sixty-fourth of the exact value', async t => {
  const values = Array.from({ length: 10_000 }, (_, i) => ((i * 7919) % 10_007) ** 2)
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  values.sort((a, b) => a - b)
  for (const share of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = values[Math.ceil(share * values.length) - 1] ?? 0
    const found = histogram.percentile(share)
    t.ok(Math.abs(found - exact) <= exact / 64, `p${share * 100}: ${found} for ${exact}`)
  }
})

t.test('small values are exact, and nothing is 0', async t => {
  const histogram = new Histogram()
  t.equal(histogram.percentile(0.5), 0)
  histogram.record(7, 99)
  histogram.record(63)
  t.equal(histogram.percentile(0.99), 7)
  t.equal(histogram.percentile(1), 63)
})

t.test('hours in nanoseconds have a bucket', async t => {
  const histogram = new Histogram()
  histogram.record(2 ** 52)
  t.ok(Math.abs(histogram.percentile(1) / 2 ** 52 - 1) < 1 / 64)
})
