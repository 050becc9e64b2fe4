import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import t from 'tap'
import type { Simulation } from '../../lib/testing.js'
import type { WebSocketOptions } from '../../lib/websocket/index.js'
import { binary, close, more, ping, readFrames, text } from './frames.js'
import { ways } from './reading.js'
import { codeOf, echo, received, world } from './world.js'

const OFFER = { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' }

function deflated(data: string | Buffer): Buffer {
  const all = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH })
  return all.subarray(0, all.length - 4)
}

function inflated(payload: Buffer): Buffer {
  return inflateRawSync(Buffer.concat([payload, Buffer.from('0000ffff', 'hex')]), {
    finishFlush: constants.Z_SYNC_FLUSH,
  })
}

function compressing(options: WebSocketOptions = {}, handlers = echo) {
  return world(handlers, { deflate: { threshold: 20 }, headers: OFFER, ...options })
}

/** zlib works in other threads: waits until the peer has got so much, or its connection has ended. */
async function until(simulation: Simulation, done: () => boolean): Promise<void> {
  while (!done()) {
    await new Promise(resolve => setImmediate(resolve))
    simulation.run()
  }
}

t.test('messages come and go compressed, in every split, in their order', async t => {
  const long = 'compress me '.repeat(20)
  const input = Buffer.concat([
    text(deflated(long), { rsv: 4 }),
    text('short'),
    ping('p'),
    binary(deflated(Buffer.alloc(5000, 3)), { rsv: 4, fin: false }),
    more(''),
    text(deflated('κόσμε'), { rsv: 4 }),
  ])
  let count = 0
  for (const { name, pieces } of ways(input)) {
    if (count++ % 7 !== 0) continue
    const { simulation, connect } = compressing()
    const peer = connect()
    for (const piece of pieces) peer.send(piece)
    await until(simulation, () => whole(peer.receivedBytes).length === 5)
    const frames = readFrames(peer.receivedBytes)
    const shown = frames
      .filter(({ opcode }) => opcode !== 10)
      .map(({ rsv1, payload, opcode }) => `${opcode} ${rsv1} ${rsv1 ? inflated(payload) : payload}`)
    t.strictSame(
      shown,
      [`1 true ${long}`, '1 false short', `2 true ${Buffer.alloc(5000, 3)}`, '1 false κόσμε'],
      name,
    )
  }
})

t.test('what RFC 7692 shows, blocks that are marked as the last among them', async t => {
  for (const hex of [
    'f248cdc9c90700',
    '000500faff48656c6c6f00',
    'f348cdc9c9070000',
    'f24805000000ffffcac9c90700',
  ]) {
    for (const contextTakeover of [false, true]) {
      const { simulation, connect } = compressing({ deflate: { contextTakeover } })
      const peer = connect()
      peer.send(text(Buffer.from(hex, 'hex'), { rsv: 4 }))
      peer.send(text(Buffer.from('f248cdc9c90700', 'hex'), { rsv: 4 }))
      await until(simulation, () => whole(peer.receivedBytes).length === 2)
      t.strictSame(received(peer), ['text Hello', 'text Hello'], hex)
    }
  }
})

t.test('with context takeover both sides refer to what went before', async t => {
  const { simulation, connect } = compressing({ deflate: { threshold: 1, contextTakeover: true } })
  const peer = connect()
  peer.send(text(Buffer.from('f248cdc9c90700', 'hex'), { rsv: 4 }))
  peer.send(text(Buffer.from('f200110000', 'hex'), { rsv: 4 }))
  await until(simulation, () => whole(peer.receivedBytes).length === 2)
  const [first, second] = readFrames(peer.receivedBytes)
  t.equal(first?.payload.length, 7)
  t.ok((second?.payload.length ?? 9) < 7, 'Hello is in the window')
})

t.test('a bomb stops at maxMessage', async t => {
  const { simulation, connect } = compressing({ maxMessage: 100_000 })
  const peer = connect()
  const bomb = deflated(Buffer.alloc(60 << 20))
  t.ok(bomb.length < 100_000)
  const before = process.memoryUsage().rss
  peer.send(binary(bomb, { rsv: 4 }))
  await until(simulation, () => peer.ended)
  t.match(received(peer), [/^close 1009 .*maxMessage, 100000/])
  t.ok(process.memoryUsage().rss - before < 40 << 20)
})

t.test('what is no deflate, or no text, is 1007', async t => {
  for (const payload of [Buffer.from('ffffffffff', 'hex'), deflated(Buffer.from('fffe', 'hex'))]) {
    const told: unknown[] = []
    const { simulation, connect } = compressing(
      {},
      { closed: (_id, code, _reason, error) => void told.push([code, codeOf(error)]), message: () => {} },
    )
    const peer = connect()
    peer.send(text(payload, { rsv: 4 }))
    await until(simulation, () => peer.ended)
    t.match(received(peer), [/^close 1007/])
    t.strictSame(told, [[1007, 'ERR_WEBSOCKET']])
  }
})

t.test('while zlib works nothing is read, and what is sent waits in order', async t => {
  const { simulation, connect, sockets } = compressing({ deflate: { threshold: 1000 } })
  const peer = connect()
  const big = 'x'.repeat(200_000)
  t.ok(sockets.send(1, big))
  t.ok(sockets.send(1, 'small'))
  sockets.broadcast([1], 'shared')
  t.ok(sockets.pending(1) > 200_000, 'what zlib works at counts')
  t.ok(sockets.close(1, 4000))
  t.strictSame(received(peer), [])
  await until(simulation, () => whole(peer.receivedBytes).length === 4)
  const frames = readFrames(peer.receivedBytes)
  t.equal(String(inflated(frames[0]?.payload ?? Buffer.alloc(0))), big)
  t.strictSame(received(peer).slice(1), ['text small', 'text shared', 'close 4000'])
  t.equal(sockets.pending(1), 0)
})

t.test('the answer to a close frame comes behind what zlib works at', async t => {
  const { simulation, connect } = compressing({}, { message: () => [['y'.repeat(100_000), 'z']] })
  const peer = connect()
  peer.send(Buffer.concat([text('now'), close(1000)]))
  await until(simulation, () => peer.ended)
  t.strictSame(received(peer).slice(1), ['text z', 'close 1000'])
})

t.test('a connection that goes while zlib works leaves nothing', async t => {
  const { simulation, connect, sockets } = compressing({ deflate: { contextTakeover: true, threshold: 10 } })
  for (let round = 0; round < 20; round++) {
    const peer = connect()
    peer.send(text(deflated('a message that is long enough'), { rsv: 4 }))
    for (const id of sockets.ids()) sockets.send(id, 'b'.repeat(50_000))
    peer.reset()
  }
  await until(simulation, () => sockets.size === 0)
  for (let round = 0; round < 200; round++) await new Promise(resolve => setImmediate(resolve))
  t.strictSame(simulation.warnings, [])
})

/** The frames that have come whole so far. */
function whole(bytes: Buffer) {
  try {
    return readFrames(bytes)
  } catch {
    return []
  }
}
