import type { Socket as NetSocket } from 'node:net'
import t from 'tap'
import { Action, type Events } from '../../lib/index.js'
import { type Peer, simulate } from '../../lib/testing.js'

const echo: Events = { data: (_id, input) => [input] }

/** What `closed` was told, by id. */
function watched(events: Events = echo): { events: Events; ends: Map<number, string | undefined> } {
  const ends = new Map<number, string | undefined>()
  const closed = (id: number, error: Error | undefined) => {
    ends.set(id, error && (error as NodeJS.ErrnoException).code)
  }
  return { events: { ...events, closed }, ends }
}

t.test('received tells all that came, as text and as bytes; take forgets it', async t => {
  const peer = simulate(echo).connect()
  peer
    .send('größe ')
    .send(Buffer.from([0xe2, 0x82]))
    .send(Buffer.from([0xac]))
  t.equal(peer.received, 'größe €')
  t.same(peer.receivedBytes, Buffer.from('größe €'))
  t.equal(peer.take(), 'größe €')
  t.equal(peer.received, '')
  t.equal(peer.take(), '')
  const bytes = Buffer.from('mine')
  peer.send(bytes)
  bytes.fill(0)
  t.equal(peer.received, 'mine', 'a copy is sent')
})

t.test('a peer that ends gets the output for what it sent, and then an end', async t => {
  const { events, ends } = watched()
  const peer = simulate(events).connect().send('last').end()
  t.match(peer, { received: 'last', ended: true, closed: true, error: undefined })
  t.same([...ends], [[1, undefined]])
  t.throws(() => peer.send('more'), { message: 'this peer has ended, closed or reset, and cannot send' })
})

t.test('a peer answers the end of the loop with its own, unless it allows half-open connections', async t => {
  const { events } = watched({ data: () => ['bye', Action.Close] })
  const simulation = simulate(events)
  t.equal(simulation.connect().send('x').closed, true)
  const half = simulation.connect({ allowHalfOpen: true }).send('x')
  t.match(half, { received: 'bye', ended: true, closed: false })
  t.equal(half.send('ignored').error, undefined, 'what it sends is thrown away')
  t.equal(half.end().closed, true)
  const rude = simulation.connect({ allowHalfOpen: true }).send('x')
  simulation.advance(1000)
  t.match(rude.send('too late').error, { code: 'ECONNRESET' })
})

t.test('a peer that resets breaks the connection behind what it sent', async t => {
  const { events, ends } = watched()
  const peer = simulate(events).connect().send('heard')
  peer.reset()
  t.match(peer, { received: 'heard', closed: true, error: undefined })
  t.same([...ends], [[1, 'ECONNRESET']])
})

t.test('a peer that closes ends, and answers what still comes with a reset', async t => {
  const { events, ends } = watched({ opened: () => [undefined, { halfOpen: true }], ended: () => undefined })
  const simulation = simulate(events)
  const peer = simulation.connect()
  peer.close()
  t.equal(peer.closed, true)
  t.same([...ends], [])
  simulation.server.send(1, 'are you')
  simulation.server.send(1, 'there?')
  t.match(ends.get(1), /^(ECONNRESET|EPIPE)$/)
})

t.test('a peer that closes with output unread breaks the connection', async t => {
  const { events, ends } = watched()
  simulate(events).connect({ paused: true }).send('unread').close()
  t.match(ends.get(1), /^(ECONNRESET|EPIPE)$/)
})

t.test('a peer that does not read fills the buffer between, and goes on where it stopped', async t => {
  const simulation = simulate({ opened: () => ['0123456789'.repeat(10)] }, { sendBuffer: 30 })
  const peer = simulation.connect({ paused: true })
  t.equal(simulation.server.pending(1), 70)
  t.equal(peer.received, '')
  t.equal(peer.resume(25).received, '0123456789012345678901234')
  t.equal(simulation.server.pending(1), 45)
  t.equal(peer.resume().received.length, 100)
  peer.pause()
  simulation.server.send(1, 'x')
  t.equal(peer.received.length, 100)
})

t.test('a peer reads whole bytes, and what is none of them is refused', async t => {
  const peer = simulate({ opened: () => ['0123456789'] }).connect({ paused: true })
  for (const bytes of [0.5, -1, Number.NaN, Number.NEGATIVE_INFINITY, '5' as never, null as never]) {
    t.throws(() => peer.resume(bytes), { code: 'ERR_OPTION', message: `received ${String(bytes)}` })
  }
  t.equal(peer.received, '')
  t.equal(peer.resume(0).received, '')
  t.equal(peer.resume(3).received, '012')
  t.equal(peer.resume(Number.POSITIVE_INFINITY).received, '0123456789')
})

t.test('unsent is what a loop that does not read keeps a peer from sending', async t => {
  const simulation = simulate({ ...echo, opened: () => [undefined, { paused: true }] }, { receiveBuffer: 10 })
  const peer = simulation.connect().send('0123456789abcdef')
  t.equal(peer.unsent, 6)
  simulation.server.resume(peer.id)
  t.match(peer, { unsent: 0, received: '0123456789abcdef' })
})

t.test('nobody takes a connection once the loop has ended, and those that wait are broken', async t => {
  const simulation = simulate(echo, { addresses: ['tcp4://127.0.0.1:5000?maxConnections=1'] })
  const first = simulation.connect()
  const waiting = simulation.connect()
  t.equal(waiting.id, 0)
  first.end()
  t.equal(waiting.id, 2, 'it is accepted when there is room')
  const another = simulation.connect()
  simulation.server.shutdown()
  t.match(another, { id: 0, closed: true, error: { code: 'ECONNRESET' } })
  t.match(simulation.connect(), { id: 0, closed: true, error: { code: 'ECONNREFUSED' } })
})

t.test('dial reaches who listens, and is refused elsewhere', async t => {
  const { events, ends } = watched()
  const simulation = simulate(events)
  const peers: Peer[] = []
  simulation.listen('tcp4://10.0.0.1:7000', peer => peers.push(peer))
  const id = simulation.server.dial('tcp4://10.0.0.1:7000')
  const [peer] = peers
  t.equal(peer?.id, id)
  t.equal(String(peer?.address), 'tcp4://10.0.0.1:7000')
  t.equal(peer?.send('hello').received, 'hello')
  const nowhere = simulation.server.dial('tcp4://10.0.0.1:7001')
  t.equal(ends.get(nowhere), 'ECONNREFUSED')
  const own = simulation.server.dial(String(simulation.server.addresses[0]))
  t.equal(simulation.server.connections, 3, 'both sides of a connection of its own')
  simulation.server.send(own, '', Action.Close)
  t.equal(simulation.server.connections, 1)
})

t.test('attach takes back what was detached, and no other socket', async t => {
  const told: string[] = []
  const simulation = simulate({
    opened: (id, { addressIndex, remoteAddress }) =>
      void told.push(`${id} ${addressIndex} ${remoteAddress.port}`),
    data: (id, input) => (id === 1 ? ['yours ', Action.Detach] : [input]),
    detached(_id, socket) {
      told.push(`attached as ${simulation.server.attach(socket)}`)
      t.throws(() => simulation.server.attach(socket), { code: 'ERR_UNSUPPORTED' })
    },
    closed: (id, error) => void told.push(`${id} closed ${error}`),
  })
  const { Socket } = await import('node:net')
  t.throws(() => simulation.server.attach(new Socket()), { code: 'ERR_UNSUPPORTED' })
  const peer = simulation.connect().send('x')
  peer.send('hello')
  t.equal(peer.received, 'yours hello')
  t.equal(peer.id, 2)
  peer.end()
  const { port } = peer.address
  t.strictSame(told, [`1 0 ${port}`, 'attached as 2', `2 -1 ${port}`, '2 closed undefined'])
})

t.test('what its owner left of a detached socket, the end too, is told when it is attached', async t => {
  const told: string[] = []
  let socket: NetSocket | undefined
  const simulation = simulate({
    opened: id => (id === 1 ? [null, {}, Action.Detach] : undefined),
    data: (_id, input) => void told.push(String(input)),
    detached(_id, given) {
      socket = given
    },
    closed: id => void told.push(`${id} closed`),
  })
  const peer = simulation.connect().send('one ')
  await new Promise(resolve => socket?.once('data', resolve))
  socket?.pause()
  peer.send('two').end()
  await new Promise(resolve => setImmediate(resolve))
  if (socket !== undefined) simulation.server.attach(socket)
  t.strictSame(told, ['two', '2 closed'])
})

for (const seed of [undefined, 1, 2, 3, 4, 5, 6, 7, 8]) {
  t.test(`no reset overtakes the last output of a loop that closes, seed ${seed}`, async t => {
    const large = 'x'.repeat(300_000)
    const simulation = simulate({ data: () => [large, Action.Close] }, seed === undefined ? {} : { seed })
    const peer = simulation.connect({ paused: true })
    peer.send('y'.repeat(200_000))
    peer.resume()
    t.match(peer, { ended: true, error: undefined, unsent: 0 })
    t.equal(peer.receivedBytes.length, large.length)
  })
}
