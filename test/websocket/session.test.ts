import t from 'tap'
import { Action } from '../../lib/index.js'
import type { Simulation } from '../../lib/testing.js'
import { limitCases, protocolCases } from './autobahn.js'
import { binary, close, more, ping, pong, text } from './frames.js'
import { inPieces, ways } from './reading.js'
import { answers, codeOf, echo, received, world } from './world.js'

t.test('an echo answers the cases of chapters 1 to 7 as they ask for', async t => {
  for (const { name, input, found } of protocolCases) {
    const wanted = answers(found)
    for (const pieces of [[input], input.length < 5000 ? inPieces(input, 1) : inPieces(input, 997)]) {
      const { simulation, connect } = world(echo)
      const peer = connect()
      for (const piece of pieces) if (!peer.ended) peer.send(piece)
      const got = received(peer).map(each =>
        each.startsWith('close') ? each.split(' ').slice(0, 2).join(' ') : each,
      )
      const ends = wanted.some(each => each.startsWith('close'))
      t.strictSame([got.map(short), peer.ended], [wanted.map(short), ends], name)
      peer.close()
      simulation.server.shutdown()
    }
  }
})

t.test('and those of chapters 9 and 10', async t => {
  const limits = { maxMessage: 16 << 20, maxFragments: 65_536, maxPending: 64 << 20, highWaterMark: 64 << 20 }
  for (const { name, input, found } of limitCases().filter((_, index) => index % 3 === 0)) {
    const { connect } = world(echo, limits)
    const peer = connect()
    peer.send(input)
    t.ok(received(peer).join() === answers(found).join(), name)
  }
})

t.test('opened greets, closed tells why', async t => {
  const told: unknown[] = []
  const { connect, sockets } = world({
    opened: (id, request) => {
      told.push(['opened', id, request.headers.get('upgrade')])
      return [['hello', Buffer.of(1, 2)]]
    },
    closed: (...all) => void told.push(['closed', ...all]),
  })
  const peer = connect()
  t.strictSame(received(peer), ['text hello', 'binary 0102'])
  t.equal(sockets.size, 1)
  t.strictSame([...sockets.ids()], [1])
  peer.send(close(4001, 'so long'))
  t.strictSame(received(peer), ['text hello', 'binary 0102', 'close 4001'])
  t.ok(peer.ended)
  t.strictSame(told, [
    ['opened', 1, 'websocket'],
    ['closed', 1, 4001, 'so long', undefined, undefined],
  ])
  t.equal(sockets.size, 0)
})

t.test('what ends without a close frame is 1006', async t => {
  for (const end of ['end', 'reset'] as const) {
    const told: unknown[] = []
    const { connect } = world({
      closed: (_id, code, reason, error) => void told.push([code, reason, codeOf(error)]),
    })
    const peer = connect()
    peer.send(text('x'))
    peer[end]()
    t.strictSame(told, [[1006, '', end === 'end' ? undefined : 'ECONNRESET']])
  }
})

t.test('the closing handshake from this side', async t => {
  const told: unknown[] = []
  const { connect, sockets } = world({
    message: (_id, data) => (data === 'bye' ? ['last', { code: 4000, reason: 'enough' }] : [data]),
    closed: (_id, code, reason) => void told.push([code, reason]),
  })
  const peer = connect()
  peer.send(Buffer.concat([text('bye'), text('dropped'), ping('x')]))
  t.strictSame(received(peer), ['text last', 'close 4000 enough'])
  t.notOk(peer.ended)
  t.notOk(sockets.send(1, 'too late'))
  t.notOk(sockets.close(1))
  t.strictSame(told, [])
  peer.send(close(4000, 'yes'))
  t.ok(peer.ended)
  t.strictSame(told, [[4000, 'yes']])
})

t.test('promised replies keep their order, and pings wait behind them', async t => {
  const waiting: (() => void)[] = []
  const { connect, simulation } = world({
    message: (_id, data) =>
      data === 'now' ? [data] : new Promise(resolve => waiting.push(() => resolve([data]))),
  })
  const peer = connect()
  peer.send(Buffer.concat([text('now'), text('one'), text('two'), ping('p'), text('now')]))
  t.strictSame(received(peer), ['text now'])
  t.equal(waiting.length, 1)
  waiting[0]?.()
  await once(simulation)
  t.strictSame(received(peer), ['text now', 'text one'])
  waiting[1]?.()
  await once(simulation)
  t.strictSame(received(peer), ['text now', 'text one', 'text two', 'pong 70', 'text now'])
})

t.test('send from a handler goes before what it returns, in every mix', async t => {
  const { connect, sockets } = world({
    message: (id, data) => {
      if (typeof data !== 'string') return
      sockets.send(id, `${data} sent`)
      if (data === 'b') sockets.send(id, 'x'.repeat(100_000))
      return [[`${data} returned`, Buffer.alloc(data === 'c' ? 70_000 : 1, 1)]]
    },
  })
  const peer = connect()
  peer.send(Buffer.concat(['a', 'b', 'c', 'd'].map(each => text(each))))
  t.strictSame(received(peer).map(short), [
    ...['text a sent', 'text a returned', 'binary 01', 'text b sent', short(`text ${'x'.repeat(100_000)}`)],
    ...[
      'text b returned',
      'binary 01',
      'text c sent',
      'text c returned',
      short(`binary ${'01'.repeat(70_000)}`),
    ],
    ...['text d sent', 'text d returned', 'binary 01'],
  ])
})

t.test('what a handler returned is its own again when the next one runs', async t => {
  const scratch = Buffer.alloc(70_000)
  const { connect } = world({ message: (_id, data) => [scratch.fill(String(data))] })
  const peer = connect()
  peer.send(Buffer.concat([text('a'), text('b'), text('c')]))
  t.strictSame(
    received(peer).map(each => each.slice(0, 11)),
    ['binary 6161', 'binary 6262', 'binary 6363'],
  )
})

t.test('a handler that throws is code 1011, and reported', async t => {
  const told: unknown[] = []
  const fault = new Error('mine')
  const { connect } = world({
    message: () => {
      throw fault
    },
    closed: (_id, code, _reason, error) => void told.push([code, error]),
    failed: (error, { id, handler }) => void told.push([error, id, handler]),
  })
  const peer = connect()
  peer.send(Buffer.concat([ping('before'), text('x'), ping('after')]))
  t.strictSame(received(peer), [`pong ${Buffer.from('before').toString('hex')}`, 'close 1011'])
  t.ok(peer.ended)
  t.strictSame(told, [
    [fault, 1, 'message'],
    [1011, fault],
  ])
})

t.test('so is a promise that is rejected, and a reply that is none', async t => {
  for (const message of [
    () => Promise.reject(new Error('later')),
    () => 'bare' as never,
    () => [5] as never,
  ]) {
    const told: string[] = []
    const { connect, simulation } = world({ message, failed: error => void told.push(error.message) })
    const peer = connect()
    peer.send(text('x'))
    await simulation.settle()
    t.strictSame(received(peer), ['close 1011'])
    t.ok(peer.ended)
    t.equal(told.length, 1)
  }
})

t.test('ping and pong handlers, and sockets.ping', async t => {
  const told: string[] = []
  const { connect, sockets } = world({
    ping: (_id, payload) => [`you pinged ${payload}`],
    pong: (_id, payload) => void told.push(String(payload)),
  })
  const peer = connect()
  peer.send(ping('a'))
  t.ok(sockets.ping(1, 'b'))
  peer.send(pong('b'))
  t.strictSame(received(peer), ['pong 61', 'text you pinged a', 'ping 62'])
  t.strictSame(told, ['b'])
  t.throws(() => sockets.ping(1, 'x'.repeat(126)), { code: 'ERR_OPTION' })
})

t.test('actions: Reset breaks, Shutdown ends the loop, Detach is refused', async t => {
  const act = (action: Action) => {
    const { connect, simulation } = world({ message: () => ['out', action], failed: () => {} })
    const peer = connect()
    peer.send(text('x'))
    return { peer, simulation }
  }
  t.equal(codeOf(act(Action.Reset).peer.error), 'ECONNRESET')
  t.ok(act(Action.Shutdown).simulation.ended)
  t.strictSame(received(act(Action.Close).peer), ['text out', 'close 1000'])
  t.strictSame(received(act(Action.Detach).peer), ['text out', 'close 1011'])
})

t.test('behind a reset, or an overflow of output, no further message is delivered', async t => {
  for (const reply of [[null, Action.Reset], [Buffer.alloc(300_000)]] as const) {
    const told: unknown[] = []
    const { simulation } = world(
      {
        message: (_id, data) => {
          told.push(data)
          return data === 'last' || reply[1] === undefined ? reply : undefined
        },
        closed: (_id, code) => void told.push(code),
      },
      { maxPending: 500_000, highWaterMark: 5_000_000 },
    )
    const peer = simulation.connect({ paused: true })
    peer.send(Buffer.concat([text('first'), text('last'), ...Array.from({ length: 5 }, () => text('more'))]))
    simulation.run()
    t.equal(told.indexOf(1006), told.length - 1, 'closed is last')
    t.ok(told.length <= 5, String(told))
  }
})

t.test('tokens are told once their messages have gone', async t => {
  const told: unknown[] = []
  const { connect, sockets } = world({
    message: () => [['a', 'b'], undefined, 'returned'],
    sent: (_id, token, error) => void told.push([token, error]),
  })
  connect().send(text('x'))
  sockets.send(1, 'c', { token: 'sent' })
  t.strictSame(told, [
    ['returned', undefined],
    ['sent', undefined],
  ])
})

t.test('any slices, any order: nothing is lost', async t => {
  const input = Buffer.concat([
    text('κόσμε', { fin: false }),
    ping('1'),
    more('!'),
    binary(Buffer.alloc(70_000, 5)),
    text('end'),
    close(1000),
  ])
  const wanted = ['pong 31', 'text κόσμε!', `binary ${'05'.repeat(70_000)}`, 'text end', 'close 1000']
  for (let seed = 1; seed <= 200; seed++) {
    const { connect, simulation } = world(echo, {}, { seed })
    const peer = connect()
    peer.send(input)
    await simulation.settle()
    if (received(peer).join() !== wanted.join()) t.fail(`seed ${seed}`)
  }
  t.pass('200 seeds')
  t.ok([...ways(Buffer.alloc(5))].length > 5)
})

function short(text: string): string {
  return text.length > 100 ? `${text.slice(0, 60)}… ${text.length}` : text
}

/** Lets what was promised arrive, while other promises are outstanding. */
async function once(simulation: Simulation): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
  simulation.run()
}

t.test('what one connection has begun is no other one’s', async t => {
  const at = (bytes: Buffer, at: number) => [bytes.subarray(0, at), bytes.subarray(at)] as const
  const begun: [name: string, pieces: readonly [Buffer, Buffer], answer: string][] = [
    ['a head', at(text('one'), 1), 'text one'],
    ['a payload', at(text('one'), 7), 'text one'],
    ['a message', [text('whole', { fin: false }), more('!')], 'text whole!'],
    ['a ping', at(ping('abc'), 8), 'pong 616263'],
    ['what breaks the rules', at(Buffer.of(0xc1, 0x80), 2), 'close 1002'],
    ['what is no text', at(text(Buffer.of(0xff)), 7), 'close 1007'],
  ]
  const { connect } = world(echo)
  const peers = begun.map(([, [first]]) => {
    const peer = connect()
    peer.send(first)
    return peer
  })
  const other = connect()
  other.send(text('in between'))
  t.strictSame(received(other), ['text in between'])
  for (const [index, [name, [, rest], answer]] of begun.entries()) {
    const peer = peers[index]
    if (rest.length > 0) peer?.send(rest)
    t.match(peer && received(peer)[0], answer, name)
  }
})
