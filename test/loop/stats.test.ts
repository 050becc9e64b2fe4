import { once } from 'node:events'
import * as net from 'node:net'
import t from 'tap'
import { Action, type Server, serve } from '../../lib/index.js'
import { type Simulation, simulate } from '../../lib/testing.js'

t.test('connections, bytes and events are counted as they pass', async t => {
  const simulation = simulate({
    data: (_id, input) => [`<${input}>`, String(input) === 'bye' ? Action.Close : Action.None],
  })
  const { server } = simulation
  t.match(server.stats(), { connections: 0, accepted: 0, bytesIn: 0, bytesOut: 0, pending: 0 })
  const [first, second] = [simulation.connect(), simulation.connect()]
  first.send('hello')
  t.match(server.stats(), { connections: 2, accepted: 2, closed: 0, bytesIn: 5, bytesOut: 7, pending: 0 })
  first.send('bye')
  second.reset()
  t.match(server.stats(), { connections: 0, accepted: 2, closed: 2, reset: 1, timedOut: 0, bytesOut: 12 })
  // Two opened, two inputs, two closed.
  t.equal(server.stats().events, 6)
})

t.test('pending output is that of all connections, and what is given up is not pending', async t => {
  const simulation = simulate(
    { opened: () => [Buffer.alloc(100_000)] },
    { sendBuffer: 1000, receiveBuffer: 1000 },
  )
  const { server } = simulation
  const peers = [1, 2].map(() => simulation.connect({ paused: true }))
  t.equal(server.stats().pending, server.pending(1) + server.pending(2))
  t.ok(server.stats().pending > 190_000)
  t.equal(server.stats().bytesOut + server.stats().pending, 200_000)
  for (const peer of peers) peer.reset()
  t.match(server.stats(), { pending: 0, connections: 0 })
})

t.test('dials count, and so do those that fail', async t => {
  const simulation = simulate({})
  simulation.listen('tcp://127.0.0.1:7', () => {})
  simulation.server.dial('tcp://127.0.0.1:7')
  simulation.server.dial('tcp://127.0.0.1:8')
  t.match(simulation.server.stats(), { dialled: 2, failed: 1, closed: 1, connections: 1 })
})

t.test('timeouts, turns and the time spent in them are counted in the time of the loop', async t => {
  const simulation: Simulation = simulate({
    opened: () => [null, { idleTimeout: 1000 }],
    data: () => simulation.stall(30),
  })
  const peer = simulation.connect()
  peer.send('x')
  t.match(simulation.server.stats(), { longestTurn: 30, busy: 30, timedOut: 0 })
  simulation.advance(2000)
  t.match(simulation.server.stats(), { timedOut: 1, connections: 0, longestTurn: 30 })
})

t.test('the longest turn of late is forgotten, whether or not others follow', async t => {
  let long = 30
  const simulation: Simulation = simulate({ data: () => simulation.stall(long) })
  const { server } = simulation
  const peer = simulation.connect()
  peer.send('x')
  t.match(server.stats(), { longestTurn: 30, recentTurn: 30 })
  simulation.advance(14_000)
  long = 5
  peer.send('x')
  t.equal(server.stats().recentTurn, 30, 'of the same window')
  simulation.advance(10_000)
  peer.send('x')
  t.equal(server.stats().recentTurn, 30, 'of the window before')
  simulation.advance(16_000)
  peer.send('x')
  t.match(server.stats(), { longestTurn: 30, recentTurn: 5 })
  simulation.advance(31_000)
  t.match(server.stats(), { longestTurn: 30, recentTurn: 0 }, 'an idle loop has none')
})

t.test('a socket that is handed over is counted as that', async t => {
  let handedOver: () => void = () => {}
  const detached = new Promise<void>(resolve => {
    handedOver = resolve
  })
  let running: Server | undefined
  const serving = serve(
    {
      serving(server) {
        running = server
      },
      data: () => ['', Action.Detach],
      detached(_id, socket) {
        socket.destroy()
        handedOver()
      },
    },
    'tcp://127.0.0.1:0',
  )
  const server = await serving.listening
  const client = net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1')
  client.on('error', () => {})
  client.write('x')
  await detached
  t.match(running?.stats(), { accepted: 1, detached: 1, closed: 0, connections: 0 })
  t.throws(() => server.stats({ loop: 1 }), { code: 'ERR_OPTION', message: /expected a loop from 0 to 0/ })
  server.shutdown()
  await serving
  if (!client.closed) await once(client, 'close')
})
