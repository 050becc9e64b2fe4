import t from 'tap'
import { Action, type Handlers, type Server, serve } from '../../lib/index.js'
import { type Peer as SimulatedPeer, simulate } from '../../lib/testing.js'
import { openDescriptors } from '../transport/descriptors.js'
import { onBoth } from '../transport/on-both.js'
import { SocketPeer } from '../transport/socket-peer.js'
import { until } from '../transport/until.js'

/** Hands each connection over behind output that its peer does not read yet. */
function detaching(log: string[]): Handlers<undefined> {
  return {
    opened: () => [Buffer.alloc(12 * 1024 * 1024), {}, Action.Detach],
    detached: (_id, socket) => {
      log.push('detached')
      socket.destroy()
    },
    closed: (_id, error) => void log.push(`closed ${error}`),
  }
}

await onBoth(
  t,
  'a detached that is taken away while a Detach waits makes it a Close',
  async (t, transport) => {
    const log: string[] = []
    const events = detaching(log)
    const running = serve(events, `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`)
    const server = await running.listening
    const [address] = server.addresses
    if (address === undefined) throw new Error('there is no address')
    const before = openDescriptors()
    const peer = new SocketPeer(address, { paused: true })
    await until('the detach to wait', () => server.pending(1) > 0)
    delete events.detached
    peer.resume()
    await until('its closing', () => log.length === 1 && peer.ended)
    t.strictSame(log, ['closed undefined'])
    peer.close()
    await until('no descriptor to be left', () => openDescriptors() === before)
    server.shutdown()
    await running
  },
)

t.test('in a simulation as well', async t => {
  const log: string[] = []
  const events = detaching(log)
  const simulation = simulate(events)
  const peer = simulation.connect({ paused: true })
  delete events.detached
  peer.resume()
  simulation.advance(1)
  t.strictSame(log, ['closed undefined'])
  t.ok(peer.ended)
  simulation.server.shutdown()
  await simulation.done
  t.strictSame(simulation.left, { connections: 0, timers: 0, steps: 0 })
})

/** Another `data` from now on, and one more handler. */
function change(events: Handlers<undefined>, log: string[]): void {
  events.data = () => ['new']
  events.closed = () => void log.push('closed')
}

await onBoth(t, 'handlers are looked up when they are called', async (t, transport) => {
  const log: string[] = []
  const events: Handlers<undefined> = { data: () => ['old '] }
  const running = serve(events, `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`)
  const server: Server = await running.listening
  const [address] = server.addresses
  if (address === undefined) throw new Error('there is no address')
  const peer = new SocketPeer(address, {}).send('x')
  await until('the old one', () => peer.received === 'old ')
  change(events, log)
  peer.send('x')
  await until('the new one', () => peer.received === 'old new')
  peer.end()
  await until('the added one', () => log.length === 1)
  t.strictSame(log, ['closed'])
  server.shutdown()
  await running
})

t.test('as they are in a simulation', t => {
  const log: string[] = []
  const events: Handlers<undefined> = { data: () => ['old '] }
  const simulation = simulate(events)
  const peer: SimulatedPeer = simulation.connect().send('x')
  change(events, log)
  t.equal(peer.send('x').received, 'old new')
  peer.end()
  t.strictSame(log, ['closed'])
  simulation.server.shutdown()
  t.end()
})
