import t from 'tap'
import { median, ratios, spread } from '../../benchmarks/statistics.js'

t.test('the median is the middle one, whatever the order', async t => {
  t.equal(median([3]), 3)
  t.equal(median([9, 1, 5]), 5)
  t.equal(median([4, 1, 3, 2]), 2.5)
  t.equal(median([10, 9, 100]), 10, 'compared as numbers')
  t.ok(Number.isNaN(median([])))
})

t.test('a spread leaves its input as it was', async t => {
  const values = [2, 3, 1]
  t.same(spread(values), { median: 2, min: 1, max: 3 })
  t.same(values, [2, 3, 1])
})

t.test('ratios are taken round by round', async t => {
  // The machine got slower from round to round, for both alike.
  t.same(ratios([1, 2, 4], [2, 4, 8]), { median: 0.5, min: 0.5, max: 0.5 })
  t.same(ratios([1, 3], [1, 2, 100]), { median: 1.25, min: 1, max: 1.5 }, 'rounds of one only are left out')
  t.equal(ratios([], [1]), undefined)
})
