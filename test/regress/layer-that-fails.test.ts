import { Duplex, PassThrough, Transform } from 'node:stream'
import t, { type Test } from 'tap'
import { Action, type Events, type Layer, serve, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'
import { nativeMissing } from '../transport/native/missing.js'
import { SocketPeer } from '../transport/socket-peer.js'
import { until } from '../transport/until.js'

const fault = new Error('no such byte')
const fails = (): never => {
  throw fault
}
const same = (bytes: Buffer) => bytes

/** Streams that fail with the first byte, each in its way. */
const failing = {
  'with an error': () => new Transform({ transform: (_bytes, _encoding, done) => done(fault) }),
  'with an error, later': () =>
    new Transform({ transform: (_bytes, _encoding, done) => void setImmediate(done, fault) }),
  'by throwing': () => new Transform({ transform: fails }),
}

/** A stream that takes hold of its wire, and is destroyed when it has read something. */
function destroyed(wire: Duplex, error?: Error): Duplex {
  const layer = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() })
  wire.on('data', () => layer.destroy(error))
  return layer
}

const layers: Readonly<Record<string, (wire: Duplex) => Layer>> = {
  'decode that throws': () => ({ decode: fails }),
  'encode that throws': () => ({ encode: fails }),
  'encode that throws, of a pair with a stream': () => ({ decode: new PassThrough(), encode: fails }),
  'decode that throws, of a pair with a stream': () => ({ decode: fails, encode: new PassThrough() }),
  'a Duplex destroyed with an error': wire => destroyed(wire, fault),
}
for (const [how, make] of Object.entries(failing)) {
  Object.assign(layers, {
    [`decode, a stream that fails ${how}`]: () => ({ decode: make(), encode: same }),
    [`encode, a stream that fails ${how}`]: () => ({ decode: same, encode: make() }),
  })
}

/** Serves an echo behind a layer, with a token on each answer; what is told at the end goes into the log. */
function echo(log: unknown[]): Events {
  return {
    data: (_id, input) => [[input ?? '', '!'], Action.None, 'token'],
    sent: (_id, _token, error) => void log.push(error),
    closed: (_id, error) => void log.push(error),
  }
}

async function tryOn(t: Test, address: string): Promise<void> {
  for (const [name, layer] of Object.entries(layers)) {
    const log: unknown[] = []
    const running = serve(
      translate(
        echo(log),
        () => true,
        (_id, wire) => layer(wire),
      ),
      address,
    )
    const server = await running.listening
    const [bound] = server.addresses
    if (bound === undefined) throw new Error('nothing was bound')
    const peer = new SocketPeer(bound, {})
    peer.send('x')
    await until('closed', () => log.at(-1) !== undefined && server.connections === 0)
    t.ok(
      log.every(error => error === fault),
      name,
    )
    await until('the end of the peer', () => peer.closed)
    server.shutdown()
    await running
  }
}

t.test('a layer that fails closes its connection with the error: portable', t =>
  tryOn(t, 'tcp4-net://127.0.0.1:0'),
)
const missing = nativeMissing()
t.test(
  'a layer that fails closes its connection with the error: native',
  missing === undefined ? {} : { skip: missing },
  t => tryOn(t, 'tcp4://127.0.0.1:0'),
)

t.test('functions that fail do so before the call that led to it returns', async t => {
  for (const pair of [{ decode: fails }, { encode: fails }]) {
    const log: unknown[] = []
    const simulation = simulate(
      translate(
        echo(log),
        () => true,
        () => pair,
      ),
    )
    simulation.connect().send('x')
    t.equal(log.at(-1), fault)
    t.equal(simulation.left.connections, 0)
  }
})

t.test('a function that returns no bytes is ERR_REPLY, and says which', async t => {
  const wrong = ['text', 7, {}, ['a'], Promise.resolve()] as never[]
  for (const name of ['decode', 'encode'] as const) {
    for (const value of wrong) {
      const log: unknown[] = []
      const pair = { [name]: () => value }
      simulate(
        translate(
          echo(log),
          () => true,
          () => pair,
        ),
      )
        .connect()
        .send('x')
      t.match(log.at(-1), { code: 'ERR_REPLY', message: new RegExp(name) })
    }
  }
})

t.test('a function that throws at the end closes the connection with that', async t => {
  const ends = {
    decodeEnd: { data: () => undefined },
    encodeEnd: { data: () => [undefined, Action.Close] },
  } satisfies Record<string, Events>
  for (const [name, events] of Object.entries(ends) as [keyof typeof ends, Events][]) {
    const log: unknown[] = []
    const pair = { decode: same, encode: same, [name]: fails }
    const simulation = simulate(
      translate(
        { ...echo(log), ...events },
        () => true,
        () => pair,
      ),
    )
    simulation.connect().send('x').end()
    t.strictSame(log, [fault], name)
  }
})

t.test('an end that fails behind an End closes the connection with that', async t => {
  const log: unknown[] = []
  const events: Events = { ...echo(log), data: () => [undefined, Action.End] }
  const simulation = simulate(
    translate(
      events,
      () => true,
      () => ({ encode: same, encodeEnd: fails }),
    ),
  )
  simulation.connect().send('x')
  t.strictSame(log, [fault])
})

t.test('a layer that is destroyed, or ends, before its connection has ended is ECONNABORTED', async t => {
  const early: Record<string, (wire: Duplex) => Layer> = {
    destroyed: wire => destroyed(wire),
    'with its output ended': () => ({ decode: same, encode: new PassThrough().end() }),
  }
  for (const [name, layer] of Object.entries(early)) {
    const log: unknown[] = []
    const simulation = simulate(
      translate(
        echo(log),
        () => true,
        (_id, wire) => layer(wire),
      ),
    )
    simulation.connect().send('x')
    for (let left = 10; left > 0 && log.length === 0; left--) await simulation.settle()
    t.match(log.at(-1), { code: 'ECONNABORTED' }, name)
  }
})
