import t from 'tap'
import { systemClock } from '../../lib/loop/clock.js'

t.test('time goes on and never back', async t => {
  const times = Array.from({ length: 1000 }, () => systemClock.now())
  t.strictSame(
    times,
    times.toSorted((a, b) => a - b),
  )
})

t.test('a timer runs once its time has passed, unless it was taken back', async t => {
  const started = systemClock.now()
  let taken = 0
  const takeBack = systemClock.timer(1, () => void taken++)
  takeBack()
  takeBack()
  await new Promise<void>(resolve => systemClock.timer(20, resolve))
  t.ok(systemClock.now() - started >= 19)
  t.equal(taken, 0)
})

t.test('a timer that is further away than a timer of Node can be does not run early', async t => {
  const ran: number[] = []
  const far = [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY]
  const takeBack = far.map(ms => systemClock.timer(ms, () => void ran.push(ms)))
  await new Promise<void>(resolve => systemClock.timer(10, resolve))
  t.strictSame(ran, [])
  for (const back of takeBack) back()
})

t.test('what is to run soon runs after what runs now', async t => {
  const order: string[] = []
  await new Promise<void>(resolve => {
    systemClock.soon(() => {
      order.push('soon')
      resolve()
    })
    queueMicrotask(() => order.push('microtask'))
    order.push('now')
  })
  t.strictSame(order, ['now', 'microtask', 'soon'])
})
