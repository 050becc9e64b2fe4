import { Buffer } from 'node:buffer'
import { digest, pattern } from '../pattern.js'
import type { Peer, World } from '../world.js'
import type { Rules } from './rule.js'

const MIB = 1024 * 1024

/** A peer's end and a peer's reset: earlier input comes first. */
export const endings: Rules = {
  'a peer that ends gives no error, one that resets does': async (t, world) => {
    if (noReset(world)) return void t.pass('a reset', { skip: 'Unix sockets have none' })
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      data: (_id, input) => [input],
      closed: (_id, error) => void errors.push(error),
    })
    const peers = [world.connect(server).send('x'), world.connect(server).send('x')] as const
    await world.until('the echoes', () => peers.every(({ received }) => received === 'x'))
    peers[0].end()
    await world.until('the first', () => errors.length === 1)
    peers[1].reset()
    await world.until('the second', () => errors.length === 2)
    t.equal(errors[0], undefined)
    t.match(errors[1], { code: 'ECONNRESET' })
  },

  'all that a peer sent before its end is delivered before closed': async (t, world) => {
    for (const size of [1, 27_260, 100_000, world.much]) {
      const got: Buffer[] = []
      let closed = 0
      const { server } = await world.serve({
        data: (_id, input) => void got.push(input ?? Buffer.alloc(0)),
        closed: (_id, error) => void t.equal(error, undefined, `closed ${++closed}`),
      })
      const sent = pattern(size)
      const peer = world.connect(server).send(sent).end()
      await world.until('the end', () => peer.ended && closed === 1)
      t.equal(digest(Buffer.concat(got)), digest(sent), `${size} bytes`)
    }
  },

  'all that a peer sent before it closed is delivered, whatever follows': async (t, world) => {
    const got: Buffer[] = []
    let closed = 0
    const { server } = await world.serve({
      opened: () => ['x'.repeat(1000)],
      data(_id, input) {
        got.push(input ?? Buffer.alloc(0))
        return ['y'.repeat(1000)]
      },
      closed: () => void closed++,
    })
    const sent = pattern(150_000)
    const peer = world.connect(server, { paused: true }).send(sent)
    await world.until('it is on its way', () => peer.unsent === 0)
    peer.close()
    await world.until('closed', () => closed === 1)
    // It closed with unread output, which resets the connection: part of what it sent may be lost.
    const { length } = Buffer.concat(got)
    t.ok(length > 0)
    t.equal(digest(Buffer.concat(got)), digest(sent.subarray(0, length)))
  },

  'what had arrived before a reset is delivered before closed': async (t, world) => {
    if (!world.real || noReset(world)) return void t.pass('a reset', { skip: 'only TCP has one in order' })
    const got: Buffer[] = []
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      data(_id, input) {
        got.push(input ?? Buffer.alloc(0))
      },
      closed: (_id, error) => void errors.push(error),
    })
    const peer = world.connect(server)
    await world.until('it is open', () => server.connections === 1)
    const sent = pattern(50_000)
    // All at once: when the loop looks, bytes and reset are both there.
    peer.send(sent).reset()
    await world.until('closed', () => errors.length === 1)
    t.equal(digest(Buffer.concat(got)), digest(sent))
    // libuv may take the reset after the last bytes for an end.
    if (world.transport === 'native') t.match(errors[0], { code: 'ECONNRESET' })
  },

  'data, end and reset in one go are data and one closed': async (t, world) => {
    if (!world.real) return void t.pass('an end and a reset', { skip: 'a simulated peer does one of them' })
    const got: string[] = []
    let opened = 0
    let closed = 0
    const { server } = await world.serve({
      opened: id => {
        opened = id
        return ['unread']
      },
      data: (_id, input) => void got.push(String(input)),
      closed: () => void closed++,
    })
    const peer = world.connect(server, { paused: true })
    await world.until('output on its way', () => opened > 0 && server.pending(opened) === 0)
    // Closing with unread input resets the connection, after the end.
    peer.send('last words').end().close()
    await world.until('closed', () => closed === 1)
    t.equal(got.join(''), 'last words')
  },

  'a peer that only shuts down its sending side gets all the output for what it sent': async (t, world) => {
    const out = pattern(world.much)
    let closed = 0
    const { server } = await world.serve({
      data: () => [out],
      closed: (_id, error) => void t.equal(error, undefined, `closed ${++closed}`),
    })
    const peer = world.connect(server, { paused: true }).send('?').end()
    await world.until('the reply', () => server.pending(1) > 0 || closed === 1)
    peer.resume()
    await world.until('the end', () => peer.ended && closed === 1)
    t.equal(digest(peer.receivedBytes), digest(out))
  },

  'a peer that goes while output is pending gives closed an error': async (t, world) => {
    for (const way of ['close', 'reset'] as const) {
      if (way === 'reset' && noReset(world)) continue
      const errors: (Error | undefined)[] = []
      const { server } = await world.serve({
        opened: () => [Buffer.alloc(world.much)],
        closed: (_id, error) => void errors.push(error),
      })
      const peer = world.connect(server, { paused: true })
      await world.until('pending output', () => server.pending(1) > 0)
      peer[way]()
      await world.until('closed', () => errors.length === 1)
      t.match(errors[0], { code: /^(ECONNRESET|EPIPE)$/ }, way)
      t.equal(server.connections, 0)
    }
  },

  'a peer that is gone before it has been accepted is opened and closed, or neither': async (t, world) => {
    const opened = new Set<number>()
    const closed = new Set<number>()
    const { server } = await world.serve({
      opened: id => void opened.add(id),
      closed: id => void closed.add(id),
    })
    for (let round = 0; round < (world.handshakes ? 8 : 20); round++) {
      const peers = Array.from({ length: 10 }, () => world.connect(server))
      await world.until('all connected or gone', () => peers.every(connectedOrGone))
      for (const peer of peers) noReset(world) ? peer.close() : peer.reset()
    }
    const last = world.connect(server).end()
    await world.until('another to come and go', () => last.ended && server.connections === 0)
    t.strictSame(
      [...opened],
      [...opened].sort((a, b) => a - b),
    )
    t.equal(closed.size, opened.size)
  },

  'a reset at any moment closes once and disturbs no other': async (t, world) => {
    let closed = 0
    let opened = 0
    const { server } = await world.serve({
      opened: () => void opened++,
      data: (_id, input) => [input, input?.includes('c') ? 2 : 0],
      closed: () => void closed++,
    })
    const steady = world.connect(server)
    const moments: ((peer: Peer) => void)[] = [
      () => {},
      peer => void peer.send('x'),
      peer => void peer.send('c'),
      peer => void peer.send('x').end(),
      peer => void peer.send(Buffer.alloc(3 * MIB)),
      peer => void peer.pause().send(Buffer.alloc(3 * MIB)),
    ]
    let echoes = 0
    for (const wait of [0, 1, 3]) {
      for (const moment of moments) {
        const peer = world.connect(server, { allowHalfOpen: true })
        moment(peer)
        if (wait > 0) await world.pass(wait)
        noReset(world) ? peer.close() : peer.reset()
        steady.send('s')
        echoes += 1
        await world.until('the other to be served', () => steady.received.length === echoes)
      }
    }
    steady.end()
    await world.until('all closed', () => server.connections === 0)
    t.equal(closed, opened)
  },

  'nobody who has ended is left waiting to be closed': async (t, world) => {
    const count = world.handshakes ? 100 : 300
    let closed = 0
    const { server } = await world.serve({ closed: () => void closed++ })
    const peers = Array.from({ length: count }, () => world.connect(server).end())
    await world.until('all ended', () => closed === count && peers.every(({ ended }) => ended))
    t.equal(server.connections, 0)
  },
}

function noReset(world: World): boolean {
  return world.real && world.network === 'unix'
}

function connectedOrGone(peer: Peer): boolean {
  const { socket } = peer as { socket?: { connecting: boolean } }
  return socket === undefined || !socket.connecting
}
