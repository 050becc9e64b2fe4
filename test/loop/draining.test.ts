import { once } from 'node:events'
import * as net from 'node:net'
import t from 'tap'
import { Action, type Server, serve } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'
import { nativeMissing } from '../transport/native/missing.js'

const skip = nativeMissing() ?? false

/** A client that has connected and sent before the loop looks at it again. */
async function say(server: Server, text: string): Promise<{ heard: string; error: Error | undefined }> {
  const socket = net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1')
  let heard = ''
  let error: Error | undefined
  socket.on('error', thrown => {
    error = thrown
  })
  socket.on('data', bytes => {
    heard += bytes
  })
  socket.write(text)
  await once(socket, 'close')
  return { heard, error }
}

t.test('with a grace, connections go on until they end, and nobody else comes', async t => {
  const simulation = simulate({ data: (_id, input) => [input] })
  const { server } = simulation
  const peer = simulation.connect()
  t.equal(server.draining, false)
  server.shutdown({ grace: 5000 })
  t.equal(server.draining, true)
  t.equal(peer.send('still served').received, 'still served')
  t.match(simulation.connect().error, { code: 'ECONNREFUSED' })
  simulation.advance(4000)
  t.equal(simulation.ended, false)
  peer.end()
  t.equal(simulation.ended, true)
})

t.test('the grace is limited, and a Shutdown cuts it short', async t => {
  for (const [how, at] of [
    ['time', 5000],
    ['action', 1000],
    ['call', 1000],
  ] as const) {
    const simulation = simulate({ data: () => ['', Action.Shutdown] })
    const peer = simulation.connect()
    simulation.server.shutdown({ grace: 5000 })
    simulation.advance(at - 1)
    t.equal(peer.ended, false, how)
    if (how === 'action') peer.send('x')
    if (how === 'call') simulation.server.shutdown()
    simulation.advance(1)
    t.equal(peer.ended, true, how)
    peer.end()
    t.equal(simulation.ended, true, how)
  }
  const { server } = simulate({})
  t.throws(() => server.shutdown({ grace: -1 }), { code: 'ERR_OPTION', message: /option grace/ })
})

t.test('without connections there is nothing to wait for', async t => {
  const simulation = simulate({})
  simulation.server.shutdown({ grace: 5000 })
  t.equal(simulation.ended, true)
  t.equal(simulation.now, 0)
})

/** Blocks this thread until so many have connected and sent, so that they wait to be accepted. */
async function waiting(
  server: Server,
  count: number,
): Promise<Promise<{ heard: string; error: Error | undefined }>[]> {
  const clients = Array.from({ length: count }, (_, index) => say(server, `${index};`))
  return clients
}

for (const grace of [0, 2000]) {
  t.test(`what waits to be accepted is served, with a grace of ${grace} ms`, { skip }, async t => {
    let clients: Promise<{ heard: string; error: Error | undefined }>[] = []
    const running = serve(
      { data: (_id, input) => [`<${input}>`, Action.Close] },
      'tcp://127.0.0.1:0?maxConnections=1',
    )
    const server = await running.listening
    // One has the only place, so that the others wait where the system keeps them.
    const first = net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1')
    first.on('error', () => {})
    await once(first, 'connect')
    while (server.connections === 0) await new Promise(resolve => setImmediate(resolve))
    clients = await waiting(server, 30)
    await new Promise(resolve => setTimeout(resolve, 200))
    t.equal(server.stats().accepted, 1)
    server.shutdown({ grace })
    const results = await Promise.all(clients)
    t.strictSame(
      results,
      results.map((_, index) => ({ heard: `<${index};>`, error: undefined })),
    )
    first.destroy()
    await running
    t.equal(server.stats().accepted, 31)
  })
}
