import dgram from 'node:dgram'
import * as net from 'node:net'
import t from 'tap'
import { Action, type Chunk, type Events, type Server, serve, translate } from '../../lib/index.js'
import { type Peer, type Simulation, simulate } from '../../lib/testing.js'
import { onBoth } from '../transport/on-both.js'

/** Memory of x, and what takes it away from whoever has a view of it. */
const memories: Record<string, (size: number) => { bytes: Uint8Array; take: () => void }> = {
  'memory that shrinks': size => {
    const Resizable = ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer
    const buffer = new Resizable(size, { maxByteLength: size }) as ArrayBuffer & {
      resize(size: number): void
    }
    return { bytes: new Uint8Array(buffer).fill(120), take: () => buffer.resize(16) }
  },
  'memory that is detached': size => {
    const bytes = new Uint8Array(size).fill(120)
    return { bytes, take: () => void structuredClone(bytes, { transfer: [bytes.buffer] }) }
  },
}

interface World {
  readonly simulation: Simulation
  readonly peer: Peer
  readonly told: unknown[]
}

/** A connection, and what its `sent` and `closed` are told. */
function world(events: Events, options: Parameters<typeof simulate>[1] = {}): World {
  const told: unknown[] = []
  const simulation = simulate(
    {
      ...events,
      sent: (_id, token, error) => void told.push([token, codeOf(error)]),
      closed: (_id, error) => void told.push(codeOf(error)),
    } as Events,
    { failures: 'collect', ...options },
  )
  return { simulation, peer: simulation.connect(), told }
}

function codeOf(error: Error | undefined): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

const layers: Record<string, (events: Events) => Events> = {
  'no layer': events => events,
  'a layer that copies': events =>
    translate(
      events,
      () => true,
      () => ({ encode: bytes => Buffer.from(bytes) }),
    ),
  'a layer that does not': events =>
    translate(
      events,
      () => true,
      () => ({ encode: bytes => bytes }),
    ),
}

for (const [memory, make] of Object.entries(memories)) {
  for (const [layer, layered] of Object.entries(layers)) {
    t.test(`shared output in ${memory} resets its connection, and no other: ${layer}`, async t => {
      for (const paused of [false, true]) {
        const { bytes, take } = make(1_000_000)
        let server: Server | undefined
        const events = layered({
          serving(met) {
            server = met
          },
          data(id) {
            server?.send(id, bytes, { shared: true, token: 'all' })
            if (!paused) take()
          },
        })
        const { simulation, peer, told } = world(events, { seed: 1 })
        const other = simulation.connect()
        if (paused) peer.pause()
        peer.send('x')
        await simulation.settle()
        if (paused) {
          t.strictSame(told, [], 'it waits for its peer')
          take()
          peer.resume()
        }
        simulation.advance(0)
        t.strictSame(told, [['all', 'ERR_REPLY'], 'ERR_REPLY'])
        t.equal((peer.error as NodeJS.ErrnoException | undefined)?.code, 'ECONNRESET')
        t.ok(peer.receivedBytes.length < 1_000_000 && peer.receivedBytes.every(byte => byte === 120))
        t.notOk(other.closed)
      }
    })
  }
}

await onBoth(t, 'shared output whose memory goes before the system has taken all', async (t, transport) => {
  for (const make of Object.values(memories)) {
    const { bytes, take } = make(40_000_000)
    const told: unknown[] = []
    let server: Server | undefined
    const socket = new net.Socket()
    await serve(
      {
        serving(met) {
          server = met
          socket.connect(met.addresses[0]?.port ?? 0, '127.0.0.1')
          socket.on('error', () => {})
          socket.write('x')
          socket.resume()
        },
        opened: () => [null, { maxPending: Number.POSITIVE_INFINITY }],
        data: id => void server?.send(id, bytes, { shared: true, token: 'all' }),
        postwrite(_id, _amount, remaining) {
          if (remaining === 0 || told.length > 0) return
          told.push('blocked')
          take()
        },
        sent: (_id, token, error) => void told.push([token, codeOf(error)]),
        closed(_id, error) {
          told.push(codeOf(error))
          server?.shutdown()
        },
      },
      `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`,
    )
    t.strictSame(told, ['blocked', ['all', 'ERR_REPLY'], 'ERR_REPLY'])
  }
})

await onBoth(t, 'a datagram is a copy at once', async (t, transport) => {
  const socket = dgram.createSocket('udp4')
  const answers: string[] = []
  let server: Server | undefined
  socket.on('message', bytes => {
    if (answers.push(`${bytes}`) === 2) server?.shutdown()
  })
  await serve(
    {
      serving(met) {
        server = met
        socket.send('x', met.addresses[0]?.port ?? 0, '127.0.0.1')
      },
      data(id) {
        for (const make of Object.values(memories)) {
          const { bytes, take } = make(20)
          server?.send(id, bytes, { shared: true })
          take()
        }
      },
    },
    `udp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`,
  )
  t.strictSame(answers, ['x'.repeat(20), 'x'.repeat(20)])
  socket.close()
})

/** Lists that answer differently every time they are asked for an element. */
function lists(): Record<string, Chunk[]> {
  let asked = 0
  const answers: unknown[] = ['once', 5, { length: -1 }, undefined]
  const next = () => answers[asked++ % answers.length] as Chunk
  const list = Object.defineProperty(['a', 'b'], 1, { get: next }) as Chunk[]
  const proxied = new Proxy(['a', 'b'], {
    get: (target, name) => (name === '1' ? next() : Reflect.get(target, name)),
  })
  return { 'a getter': list, 'a Proxy': proxied }
}

t.test('a list of output is read once', async t => {
  const ways: Record<string, (list: Chunk[]) => Events> = {
    opened: list => ({ opened: () => [list, undefined, Action.Close] }),
    data: list => ({ data: () => [list, Action.Close] }),
    'a promise': list => ({ data: async () => [list, Action.Close] }),
    send: list => {
      let server: Server | undefined
      return {
        serving(met) {
          server = met
        },
        data: id => void server?.send(id, list, Action.Close),
      }
    },
    'send, shared': list => {
      let server: Server | undefined
      return {
        serving(met) {
          server = met
        },
        data: id => void server?.send(id, list, { shared: true, action: Action.Close }),
      }
    },
  }
  for (const [way, make] of Object.entries(ways)) {
    for (const kind of Object.keys(lists())) {
      const { simulation, peer, told } = world(make(lists()[kind] ?? []))
      if (way !== 'opened') peer.send('x')
      await simulation.settle()
      t.strictSame([peer.received, told], ['aonce', [undefined]], `${way}: ${kind}`)
    }
  }
})

t.test('options of a connection are read once', async t => {
  let asked = 0
  const options = {
    get idleTimeout() {
      return asked++ === 0 ? 50 : (Number.NaN as number)
    },
  }
  const { simulation, told } = world({ opened: () => [null, options] })
  simulation.advance(49)
  t.strictSame([asked, told], [1, []])
  simulation.advance(1)
  t.strictSame([asked, told], [1, ['ETIMEDOUT']])
})

t.test('a layer that fails in the midst of output resets its connection', async t => {
  let calls = 0
  const encode = (bytes: Buffer) => {
    if (++calls > 2) throw new Error('on purpose')
    return bytes
  }
  const { simulation, peer, told } = world(
    translate(
      { data: () => [Buffer.alloc(1_000_000, 'x')] },
      () => true,
      () => ({ encode }),
    ),
  )
  peer.send('x')
  await simulation.settle()
  t.equal(told.length, 1)
  t.equal((peer.error as NodeJS.ErrnoException | undefined)?.code, 'ECONNRESET')
  t.notOk(peer.ended)
})
