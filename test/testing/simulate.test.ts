import t from 'tap'
import { Action, type Events, type Info, type Server } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

const echo: Events = { data: (_id, input) => [input] }

t.test(
  'handlers run without a network, and all that follows from a call has happened when it returns',
  async t => {
    const peer = simulate({ data: () => ['+PONG\r\n'] }).connect()
    peer.send('PING\r\n')
    t.equal(peer.received, '+PONG\r\n')
  },
)

t.test('without a seed input comes whole and in order', async t => {
  const inputs: string[] = []
  const simulation = simulate({
    data(id, input) {
      inputs.push(`${id}:${input}`)
    },
  })
  const first = simulation.connect()
  const second = simulation.connect()
  first.send('one').send('two')
  second.send('three')
  t.same(inputs, ['1:one', '1:two', '2:three'])
})

t.test('with a seed it comes in slices; the same seed and calls give the same course', async t => {
  const course = (seed: number) => {
    const steps: string[] = []
    const simulation = simulate(
      {
        data(id, input) {
          steps.push(`${id}:${input}`)
          return [input]
        },
        postwrite(id, amount, remaining) {
          steps.push(`${id} wrote ${amount}, left ${remaining}`)
        },
      },
      { seed, stepwise: true },
    )
    const peers = [simulation.connect(), simulation.connect()]
    for (const peer of peers) peer.send('0123456789'.repeat(10))
    simulation.run()
    for (const peer of peers) t.equal(peer.received, '0123456789'.repeat(10))
    return steps.join('\n')
  }
  const courses = Array.from({ length: 20 }, (_, seed) => course(seed))
  courses.forEach((steps, seed) => {
    t.equal(course(seed), steps, `seed ${seed}`)
  })
  t.ok(new Set(courses).size > 10, 'seeds differ')
})

t.test('opened gets the addresses, and an id that the peer knows too', async t => {
  const infos: Info[] = []
  const simulation = simulate(
    {
      opened(id, info) {
        t.equal(id, infos.push(info))
      },
    },
    { addresses: ['tcp://127.0.0.1:5000', 'tcp6://[::1]:0', 'unix:///tmp/simulated.sock', 'tcp://:6000'] },
  )
  const peers = [0, 1, 2, 3].map(addressIndex => simulation.connect({ addressIndex }))
  t.same(
    peers.map(peer => peer.id),
    [1, 2, 3, 4],
  )
  t.same(
    infos.map(({ addressIndex, closing }) => [addressIndex, closing]),
    [0, 1, 2, 3].map(index => [index, false]),
  )
  t.same(
    infos.map(info => String(info.localAddress)),
    [
      'tcp4://127.0.0.1:5000',
      String(simulation.server.addresses[1]),
      'unix:///tmp/simulated.sock',
      'tcp4://127.0.0.1:6000',
    ],
  )
  t.same(
    infos.map(info => String(info.remoteAddress)),
    peers.map(peer => String(peer.address)),
  )
  t.equal(simulation.server.addresses[1]?.host, '::1')
  t.not(simulation.server.addresses[1]?.port, 0)
})

t.test('the server is the one that serving gets, and works from outside as from handlers', async t => {
  let given: Server | undefined
  const simulation = simulate({
    ...echo,
    serving(server) {
      given = server
    },
  })
  const { server } = simulation
  t.equal(given, server)
  t.match(server, { transport: 'memory', transportError: undefined, connections: 0 })
  const peer = simulation.connect()
  t.equal(server.connections, 1)
  t.equal(server.send(peer.id, 'news'), true)
  t.equal(peer.take(), 'news')
  t.equal(server.pause(peer.id), true)
  t.equal(peer.send('later').received, '')
  t.equal(server.resume(peer.id), true)
  t.equal(peer.received, 'later')
  t.equal(server.send(peer.id, '!', Action.Close), true)
  t.equal(server.send(peer.id, '?'), false)
  t.equal(peer.closed, true)
})

t.test(
  'a promised reply has been sent after settle, and also without it, once promises have run',
  async t => {
    const simulation = simulate({
      async data(_id, input) {
        await new Promise(resolve => setTimeout(resolve, 5))
        return [`late ${input}`]
      },
    })
    const peer = simulation.connect().send('one')
    t.equal(peer.received, '')
    await simulation.settle()
    t.equal(peer.take(), 'late one')

    let answer = (_reply: [string]) => {}
    const other = simulate({
      data: () =>
        new Promise(resolve => {
          answer = resolve
        }),
    })
    const client = other.connect().send('?')
    answer(['now'])
    await new Promise(resolve => setImmediate(resolve))
    t.equal(client.received, 'now')
  },
)

t.test('done settles as serve does, and ended says so at once', async t => {
  const simulation = simulate(echo)
  t.equal(simulation.ended, false)
  simulation.server.shutdown()
  t.equal(simulation.ended, true)
  await simulation.done
  const error = new Error('no start')
  const failed = simulate({
    serving() {
      throw error
    },
  })
  await t.rejects(failed.done, error)
  t.match(failed.connect().error, { code: 'ECONNREFUSED' })
  const ticking = simulate({
    tick() {
      if (ticking.now > 0) throw error
      return [1000]
    },
  })
  ticking.advance(1000)
  t.equal(ticking.ended, true)
  await t.rejects(ticking.done, error)
})

t.test('what a handler throws is thrown by the call that led to it, once all has happened', async t => {
  const error = new Error('lost otherwise')
  const simulation = simulate({
    data() {
      throw error
    },
  })
  const peer = simulation.connect()
  t.throws(() => peer.send('x'), error)
  t.equal(peer.ended, true)
  t.equal(simulation.connect().ended, false, 'once')
  t.strictSame(simulation.failures, [{ error, id: 1, handler: 'data' }])
})

t.test('a promise that is rejected is thrown by settle', async t => {
  const error = new Error('lost otherwise')
  const simulation = simulate({ data: () => Promise.reject(error) })
  simulation.connect().send('x')
  await t.rejects(simulation.settle(), error)
  await simulation.settle()
})

t.test('with collect, and where failed takes it, nothing is thrown', async t => {
  const error = new Error('on purpose')
  const data = () => {
    throw error
  }
  const collecting = simulate({ data }, { failures: 'collect' })
  t.equal(collecting.connect().send('x').ended, true)
  t.strictSame(collecting.failures, [{ error, id: 1, handler: 'data' }])
  const taken: unknown[] = []
  const taking = simulate({ data, failed: (...given) => void taken.push(given) })
  t.equal(taking.connect().send('x').ended, true)
  t.strictSame(taken, [[error, { id: 1, handler: 'data' }]])
  t.strictSame(taking.failures, [])
})

t.test('handlers keep their this, private fields included', async t => {
  class Counter implements Events {
    #count = 0
    data(): [string] {
      this.#count += 1
      return [String(this.#count)]
    }
  }
  const peer = simulate(new Counter()).connect().send('a').send('b')
  t.equal(peer.received, '12')
})

t.test('calls from inside a handler take effect after it', async t => {
  const steps: string[] = []
  const simulation = simulate({
    data(id, input) {
      steps.push(`in ${id} ${input}`)
      if (input?.toString() === 'start') {
        other.send('from inside')
        simulation.server.wake(id)
      }
      steps.push(`out ${id}`)
    },
  })
  const first = simulation.connect()
  const other = simulation.connect()
  first.send('start')
  t.equal(steps[1], 'out 1', 'nothing runs inside a handler')
  t.same(steps.toSorted(), ['in 1 null', 'in 1 start', 'in 2 from inside', 'out 1', 'out 1', 'out 2'])
})

t.test('a program that never comes to rest is told so', async t => {
  const simulation = simulate({
    data(id) {
      simulation.server.wake(id)
    },
  })
  const peer = simulation.connect()
  t.throws(() => peer.send('go'), {
    message: 'the simulation does not come to rest: 1000000 steps at one moment',
  })
})

t.test('an input buffer that is lent is overwritten after its turn', async t => {
  let kept: Buffer | undefined
  const simulation = simulate({
    opened: () => [undefined, { reuseInputBuffer: true }],
    data(_id, input) {
      kept = input ?? undefined
    },
  })
  simulation.connect().send('secret')
  t.equal(kept?.length, 6)
  t.not(String(kept), 'secret')
})

t.test('stepwise nothing happens unless it is asked for', async t => {
  const simulation = simulate(echo, { stepwise: true })
  const peer = simulation.connect().send('hello')
  t.equal(peer.id, 0)
  t.equal(peer.received, '')
  let steps = 0
  while (simulation.step()) steps += 1
  t.ok(steps > 2)
  t.equal(peer.received, 'hello')
  peer.send('!')
  simulation.run()
  t.equal(peer.received, 'hello!')
  t.equal(simulation.step(), false)
})

t.test('nothing is left when loop and peers have ended', async t => {
  const simulation = simulate({
    ...echo,
    opened: () => [undefined, { idleTimeout: 10_000 }],
    tick: () => [1000],
  })
  const peer = simulation.connect().send('x')
  t.equal(simulation.left.connections, 1)
  t.ok(simulation.left.timers > 0)
  simulation.server.shutdown()
  t.equal(peer.closed, true)
  t.same(simulation.left, { connections: 0, timers: 0, steps: 0 })
})

t.test('what is wrong with an option or address is told', async t => {
  t.throws(() => simulate(echo, { seed: 0.5 }), { code: 'ERR_OPTION', message: /^option seed: .*0\.5/ })
  t.throws(() => simulate(echo, { sendBuffer: 0 }), {
    code: 'ERR_OPTION',
    message: /^option sendBuffer: .*0/,
  })
  t.throws(() => simulate(echo, { receiveBuffer: -1 }), {
    code: 'ERR_OPTION',
    message: /^option receiveBuffer: /,
  })
  t.throws(() => simulate(echo, { latency: -1 }), { code: 'ERR_OPTION', message: /^option latency: .*-1/ })
  t.throws(() => simulate(echo, { addresses: ['ftp://x:1'] }), { code: 'ERR_ADDRESS', message: /ftp/ })
  t.throws(() => simulate(echo, { addresses: ['tcp://example.com:80'] }), { code: 'ENOTFOUND' })
  const twice = ['tcp4://127.0.0.1:5000', 'tcp://:5000']
  t.throws(() => simulate(echo, { addresses: twice }), { code: 'EADDRINUSE', message: /5000/ })
  t.throws(() => simulate(echo, { addresses: ['udp://127.0.0.1:5000'] }), { code: 'ERR_UNSUPPORTED' })
  const simulation = simulate(echo)
  t.throws(() => simulation.connect({ addressIndex: 1 }), { code: 'ERR_OPTION', message: /addressIndex.*1/ })
})
