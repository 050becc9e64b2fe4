import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('an hour of ticks takes no time, and each comes at its moment', async t => {
  const times: number[] = []
  const simulation = simulate({
    tick() {
      times.push(simulation.now)
      return [600_000]
    },
  })
  simulation.advance(3_600_000)
  t.same(
    times,
    [0, 1, 2, 3, 4, 5, 6].map(n => n * 600_000),
  )
  t.equal(simulation.now, 3_600_000)
})

t.test('timeouts come when they are due, and not before', async t => {
  const codes: (string | undefined)[] = []
  const simulation = simulate({
    opened: () => [undefined, { idleTimeout: 1000 }],
    data: () => ['x'],
    closed(_id, error) {
      codes.push((error as NodeJS.ErrnoException | undefined)?.code)
    },
  })
  const peer = simulation.connect()
  simulation.advance(900)
  peer.send('still here')
  simulation.advance(999)
  t.same(codes, [])
  simulation.advance(1)
  t.same(codes, ['ETIMEDOUT'])
  t.equal(peer.closed, true)
})

t.test('what happens in between is followed up at its time', async t => {
  const times: number[] = []
  const simulation = simulate({
    tick() {
      simulation.server.wake(1)
      return [100]
    },
    data() {
      times.push(simulation.now)
    },
  })
  simulation.connect()
  simulation.advance(250)
  t.same(times, [100, 200])
})

t.test('with latency everything arrives late, in order', async t => {
  const steps: string[] = []
  const simulation = simulate(
    {
      opened(id) {
        steps.push(`${simulation.now} opened ${id}`)
      },
      data(_id, input) {
        steps.push(`${simulation.now} ${input}`)
        return [input]
      },
    },
    { latency: 10 },
  )
  const peer = simulation.connect()
  t.equal(peer.id, 0)
  simulation.advance(10)
  t.equal(peer.id, 1)
  peer.send('a').end()
  simulation.advance(9)
  t.same(steps, ['10 opened 1'])
  simulation.advance(1)
  t.same(steps, ['10 opened 1', '20 a'])
  t.equal(peer.received, '')
  simulation.advance(10)
  t.match(peer, { received: 'a', ended: true, closed: true })
})

t.test('a stall makes what is due in it late', async t => {
  const times: number[] = []
  const simulation = simulate({
    tick() {
      times.push(simulation.now)
      return [10]
    },
    data() {
      simulation.stall(25)
      return ['done']
    },
  })
  const peer = simulation.connect().send('compute')
  t.equal(peer.received, 'done')
  t.same(times, [0, 25])
  simulation.stall(5)
  t.same(times, [0, 25])
  simulation.advance(5)
  t.same(times, [0, 25, 35])
})

t.test('time cannot go on inside a handler, nor back', async t => {
  const errors: unknown[] = []
  const simulation = simulate({
    data() {
      simulation.advance(1)
    },
    closed(_id, error) {
      errors.push(error)
    },
    failed() {},
  })
  simulation.connect().send('x')
  t.match(errors, [/^Error: advance must not run inside a handler; use stall$/])
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => simulation.advance(ms), { code: 'ERR_OPTION', message: new RegExp(`^advance: .*${ms}`) })
    t.throws(() => simulation.stall(ms), { code: 'ERR_OPTION', message: /^stall: / })
  }
})
