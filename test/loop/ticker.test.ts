import t from 'tap'
import { Action, type Events } from '../../lib/index.js'
import { captureContext } from '../../lib/loop/async-context.js'
import { Ticker } from '../../lib/loop/ticker.js'
import { FakeClock } from './fake-clock.js'

function ticking(tick: Events<never>['tick']) {
  const clock = new FakeClock()
  const log: string[] = []
  let turns = 0
  const ticker = new Ticker({
    events: tick === undefined ? {} : { tick },
    scope: captureContext(),
    clock,
    turn(run) {
      turns += 1
      run()
    },
    shutdown: () => void log.push('shutdown'),
    failed: thrown => void log.push(`failed: ${(thrown as Error).message}`),
  })
  return { clock, ticker, log, turns: () => turns }
}

t.test('ticks at once, then each time its delay has passed, in a turn', async t => {
  const at: number[] = []
  const { clock, ticker, turns } = ticking(() => {
    at.push(clock.time)
    return [[10], [25], [0.5]][at.length - 1] as readonly [number] | undefined
  })
  ticker.run()
  clock.advance(1000)
  t.strictSame(at, [0, 10, 35, 36])
  t.equal(turns(), 3)
  t.equal(clock.timers.size, 0)
})

t.test('without a tick handler nothing is set', async t => {
  const { clock, ticker } = ticking(undefined)
  ticker.run()
  t.equal(clock.timers.size, 0)
})

t.test('stopped, it does not tick again', async t => {
  let ticks = 0
  const { clock, ticker } = ticking(() => {
    ticks += 1
    return [10]
  })
  ticker.run()
  ticker.stop()
  clock.advance(100)
  t.equal(ticks, 1)
})

t.test('stopped from inside of tick, neither', async t => {
  let ticks = 0
  const { clock, ticker } = ticking(() => {
    ticks += 1
    ticker.stop()
    return [10]
  })
  ticker.run()
  clock.advance(100)
  t.equal(ticks, 1)
})

t.test('asks for the end when tick does', async t => {
  const { ticker, log } = ticking(() => [10, Action.Shutdown])
  ticker.run()
  t.strictSame(log, ['shutdown'])
})

t.test('what tick throws, or returns that it may not, is a failure, and the last tick', async t => {
  for (const [tick, failure] of [
    [
      () => {
        throw new Error('on purpose')
      },
      /on purpose/,
    ],
    [() => 5, /tick returned 5/],
    [() => [-1], /tick returned -1 as the delay/],
    [() => [Number.NaN], /NaN as the delay/],
    [() => ['10'], /as the delay/],
    [() => [], /undefined as the delay/],
    [() => [10, 9], /tick: invalid action 9/],
  ] as [() => never, RegExp][]) {
    const { clock, ticker, log } = ticking(tick)
    ticker.run()
    t.match(log, [failure])
    t.equal(clock.timers.size, 0)
  }
})
