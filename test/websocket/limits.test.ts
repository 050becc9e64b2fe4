import t from 'tap'
import { binary, fragments, ping, pong, text } from './frames.js'
import { codeOf, echo, received, world } from './world.js'

t.test('a close frame that is not answered has its time', async t => {
  const told: unknown[] = []
  const { connect, sockets, simulation } = world(
    { closed: (_id, code, _reason, error) => void told.push([code, codeOf(error)]) },
    { closeTimeout: 100 },
  )
  const peer = connect()
  t.ok(sockets.close(1, 1001))
  simulation.advance(99)
  t.notOk(peer.ended)
  simulation.advance(2)
  t.ok(peer.ended)
  t.strictSame(told, [[1006, 'ETIMEDOUT']])
})

t.test('a peer that takes what is pending in time is not cut off by the time of the handshake', async t => {
  const { sockets, simulation } = world({}, { closeTimeout: 100 })
  const peer = simulation.connect({ paused: true })
  const big = Buffer.alloc(1 << 20, 7)
  sockets.send(1, big)
  sockets.close(1)
  for (let round = 0; round < 8; round++) {
    simulation.advance(90)
    peer.resume(100_000)
  }
  peer.resume()
  simulation.run()
  t.strictSame(received(peer), [`binary ${big.toString('hex')}`, 'close 1000'])
  simulation.advance(200)
  t.ok(peer.closed || peer.ended)
})

t.test('a peer that is silent is pinged, and given up', async t => {
  const told: unknown[] = []
  const { connect, simulation } = world(
    { closed: (_id, code, _reason, error) => void told.push([code, codeOf(error)]) },
    { pingInterval: 1000, pongTimeout: 500 },
  )
  const [mute, polite] = [connect(), connect()]
  simulation.advance(2000)
  t.strictSame([received(mute), received(polite)], [['ping '], ['ping ']])
  polite.send(pong())
  simulation.advance(501)
  t.strictSame(told, [[1006, 'ETIMEDOUT']])
  t.ok(mute.error !== undefined || mute.closed)
  simulation.advance(600)
  polite.take()
  simulation.advance(2000)
  t.equal(told.length, 1 + Number(polite.closed))
})

t.test('violations tell closed what was wrong', async t => {
  const told: unknown[] = []
  const { connect } = world({
    closed: (_id, code, reason, error) => void told.push([code, reason, codeOf(error)]),
  })
  connect().send(text('x', { rsv: 2 }))
  t.strictSame(told, [[1002, 'a frame with reserved bits', 'ERR_WEBSOCKET']])
})

t.test('limits: messages, fragments, pings', async t => {
  const cases: [Buffer | Buffer[], string][] = [
    [binary('12345678901'), 'close 1009 a message of at least 11 bytes is longer than maxMessage, 10'],
    [fragments(1, '1234', 1), 'close 1008 a message of more fragments than maxFragments, 3'],
    [
      Array.from({ length: 6 }, () => ping()),
      'close 1008 more pings and pongs within a second than maxPings, 5',
    ],
    [
      Array.from({ length: 6 }, () => pong()),
      'close 1008 more pings and pongs within a second than maxPings, 5',
    ],
  ]
  for (const [frames, answer] of cases) {
    const { connect } = world(echo, { maxMessage: 10, maxFragments: 3, maxPings: 5 })
    const peer = connect()
    peer.send(Buffer.concat([frames].flat()))
    t.equal(received(peer).at(-1), answer)
    t.ok(peer.ended)
  }
  const { connect, simulation } = world(echo, { maxPings: 5 })
  const peer = connect()
  for (let second = 0; second < 3; second++) {
    for (let count = 0; count < 5; count++) peer.send(ping())
    simulation.advance(1001)
  }
  t.equal(received(peer).length, 15)
})

t.test('a peer that does not read stops the reading of its messages, and loses none', async t => {
  const size = 10_000
  let count = 0
  const { simulation } = world(
    { message: () => [Buffer.alloc(size, ++count)] },
    { highWaterMark: 100_000, maxPending: 400_000 },
  )
  const peer = simulation.connect({ paused: true })
  peer.send(Buffer.concat(Array.from({ length: 1000 }, () => text('more'))))
  t.ok(count < 40, `${count} were answered`)
  peer.resume()
  simulation.run()
  t.equal(count, 1000)
  t.strictSame(
    received(peer).map(each => each.slice(7, 9)),
    Array.from({ length: 1000 }, (_, index) => ((index + 1) & 255).toString(16).padStart(2, '0')),
  )
})

t.test('misspelt handlers and options are named', async t => {
  t.throws(() => world({ onMessage: () => {} } as never), {
    code: 'ERR_OPTION',
    message: /unknown handler "onMessage"/,
  })
  t.throws(() => world({ message: 5 } as never), {
    code: 'ERR_OPTION',
    message: /"message" must be a function/,
  })
  t.throws(() => world({}, { maxPayload: 5 } as never), {
    code: 'ERR_OPTION',
    message: /unknown option "maxPayload"/,
  })
  t.throws(() => world({}, { maxMessage: -1 }), { code: 'ERR_OPTION', message: /maxMessage.*-1/ })
  t.throws(() => world({}, { deflate: { windowBits: 8 } }), { code: 'ERR_OPTION', message: /windowBits/ })
  t.throws(() => world({}, { slow: 'drop' as never }), { code: 'ERR_OPTION', message: /slow/ })
  const { sockets, connect } = world({})
  connect()
  t.throws(() => sockets.send(1, 5 as never), { code: 'ERR_REPLY' })
  t.throws(() => sockets.close(1, 1005), { code: 'ERR_OPTION' })
  t.throws(() => sockets.close(1, 1000, 'x'.repeat(124)), { code: 'ERR_OPTION' })
})
