import t from 'tap'
import { type Timed, Timeouts } from '../../lib/loop/timeouts.js'
import { FakeClock } from './fake-clock.js'

class Entry implements Timed {
  dueAt: number
  deadline = 0
  timeoutIndex = -1
  readonly expiredAt: number[] = []
  onExpired: () => void = () => {}

  constructor(dueAt: number) {
    this.dueAt = dueAt
  }

  expired(now: number): void {
    this.expiredAt.push(now)
    this.onExpired()
  }
}

t.test('each expires at its time, once', async t => {
  const clock = new FakeClock()
  const timeouts = new Timeouts(clock)
  const entries = [30, 10, 20, 10, 5, 500].map(due => new Entry(due))
  for (const entry of entries) timeouts.watch(entry)
  t.equal(clock.timers.size, 1, 'one timer for all')
  clock.advance(1000)
  t.strictSame(
    entries.map(({ expiredAt }) => expiredAt),
    [[30], [10], [20], [10], [5], [500]],
  )
  t.equal(clock.timers.size, 0)
})

t.test('one that is due never is not watched', async t => {
  const clock = new FakeClock()
  new Timeouts(clock).watch(new Entry(Number.POSITIVE_INFINITY))
  t.equal(clock.timers.size, 0)
})

t.test('a deadline that moves later is not early, and sets no timer until it comes up', async t => {
  const clock = new FakeClock()
  const timeouts = new Timeouts(clock)
  const entry = new Entry(10)
  timeouts.watch(entry)
  for (let time = 1; time < 100; time++) {
    clock.advance(1)
    entry.dueAt = clock.time + 10
  }
  t.strictSame(entry.expiredAt, [])
  t.ok(clock.set <= 12, `${clock.set} timers were set`)
  clock.advance(10)
  t.strictSame(entry.expiredAt, [109])
})

t.test('a deadline that moves earlier counts when it is watched again', async t => {
  const clock = new FakeClock()
  const timeouts = new Timeouts(clock)
  const entry = new Entry(1000)
  const other = new Entry(500)
  timeouts.watch(entry)
  timeouts.watch(other)
  entry.dueAt = 20
  timeouts.watch(entry)
  clock.advance(30)
  t.strictSame(entry.expiredAt, [20])
  clock.advance(1000)
  t.strictSame(entry.expiredAt, [20])
  t.strictSame(other.expiredAt, [500])
})

t.test('one that was cancelled does not expire, and may be watched again', async t => {
  const clock = new FakeClock()
  const timeouts = new Timeouts(clock)
  const entries = Array.from({ length: 20 }, (_, index) => new Entry(10 + index))
  for (const entry of entries) timeouts.watch(entry)
  for (const entry of entries.filter((_, index) => index % 3 === 0)) {
    timeouts.cancel(entry)
    timeouts.cancel(entry)
  }
  clock.advance(15)
  const [first] = entries
  if (first === undefined) return
  first.dueAt = 18
  timeouts.watch(first)
  clock.advance(100)
  for (const [index, { expiredAt }] of entries.entries()) {
    t.strictSame(expiredAt, index === 0 ? [18] : index % 3 === 0 ? [] : [10 + index])
  }
})

t.test('one that expires may watch and cancel others, and itself again', async t => {
  const clock = new FakeClock()
  const timeouts = new Timeouts(clock)
  const again = new Entry(10)
  const cancelled = new Entry(10)
  const late = new Entry(12)
  again.onExpired = () => {
    timeouts.cancel(cancelled)
    timeouts.watch(late)
    again.dueAt = clock.time + 10
    if (again.expiredAt.length < 3) timeouts.watch(again)
  }
  timeouts.watch(again)
  timeouts.watch(cancelled)
  clock.advance(100)
  t.strictSame(again.expiredAt, [10, 20, 30])
  t.strictSame(cancelled.expiredAt, [])
  t.ok(late.expiredAt.length > 0)
})

t.test('closed, it forgets all', async t => {
  const clock = new FakeClock()
  const timeouts = new Timeouts(clock)
  const entry = new Entry(10)
  timeouts.watch(entry)
  timeouts.close()
  t.equal(clock.timers.size, 0)
  t.equal(entry.timeoutIndex, -1)
  timeouts.cancel(entry)
  clock.advance(100)
  t.strictSame(entry.expiredAt, [])
})

t.test('a deadline further away than a timer reaches is waited for in several waits', async t => {
  const clock = new FakeClock()
  const timeouts = new Timeouts(clock)
  const day = 86_400_000
  const entry = new Entry(60 * day)
  timeouts.watch(entry)
  for (const { due } of clock.timers) t.ok(due <= 2 ** 31 - 1)
  clock.advance(59 * day)
  t.strictSame(entry.expiredAt, [])
  clock.advance(2 * day)
  t.strictSame(entry.expiredAt, [60 * day])
})

t.test('thousands, watched, moved and cancelled at random, expire in order', async t => {
  const clock = new FakeClock()
  const timeouts = new Timeouts(clock)
  let random = 1
  const below = (limit: number) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0
    return random % limit
  }
  const order: number[] = []
  const entries = Array.from({ length: 3000 }, () => {
    const entry = new Entry(1 + below(10_000))
    entry.onExpired = () => order.push(entry.dueAt)
    return entry
  })
  const cancelled = new Set<Entry>()
  for (const entry of entries) {
    timeouts.watch(entry)
    const other = entries[below(entries.length)]
    if (other === undefined || other.timeoutIndex < 0) continue
    if (below(3) === 0) {
      timeouts.cancel(other)
      cancelled.add(other)
    } else {
      other.dueAt = 1 + below(10_000)
      timeouts.watch(other)
    }
  }
  clock.advance(20_000)
  t.strictSame(
    entries.map(({ expiredAt }) => expiredAt),
    entries.map(entry => (cancelled.has(entry) ? [] : [entry.dueAt])),
  )
  t.strictSame(
    order,
    order.toSorted((a, b) => a - b),
  )
})

t.test('who is heard of in the poll behind the timer does not expire, however long that takes', async t => {
  const clock = new FakeClock()
  const timeouts = new Timeouts(clock)
  const [heard, silent, later] = [new Entry(10), new Entry(20), new Entry(110)]
  for (const entry of [heard, silent, later]) timeouts.watch(entry)
  clock.time = 100
  const [timer] = clock.timers
  timer?.run()
  t.strictSame(silent.expiredAt, [], 'nobody expires before the poll')
  heard.dueAt = 105
  timeouts.watch(new Entry(150))
  clock.time = 200
  clock.run()
  t.strictSame(silent.expiredAt, [100], 'as of when the timer fired')
  t.strictSame(heard.expiredAt, [])
  t.strictSame(later.expiredAt, [], 'its time was not up then')
  clock.advance(1)
  t.equal(heard.expiredAt.length, 1)
  t.equal(later.expiredAt.length, 1)
})

t.test('a timer that fires behind the end does nothing', async t => {
  const clock = new FakeClock()
  const timeouts = new Timeouts(clock)
  const entry = new Entry(10)
  timeouts.watch(entry)
  const [timer] = clock.timers
  clock.time = 10
  timer?.run()
  timeouts.close()
  clock.run()
  t.strictSame(entry.expiredAt, [])
  t.equal(clock.timers.size, 1)
})
