import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type * as net from 'node:net'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { Action, type Events, type Info, type Pair, serve, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

const always = () => true

/** A layer that frames: a byte that says how long, then so many bytes with every bit turned over. */
class Frames implements Pair {
  #kept = Buffer.alloc(0)

  decode(bytes: Buffer): Uint8Array[] {
    const frames: Uint8Array[] = []
    let input = Buffer.concat([this.#kept, bytes])
    for (let size = input[0]; size !== undefined && input.length > size; size = input[0]) {
      frames.push(turned(input.subarray(1, size + 1)))
      input = input.subarray(size + 1)
    }
    this.#kept = input
    return frames
  }

  decodeEnd(): void {
    if (this.#kept.length > 0) throw new Error(`${this.#kept.length} bytes of a frame`)
  }

  encode(bytes: Buffer): Uint8Array[] {
    const frames: Uint8Array[] = []
    for (let start = 0; start < bytes.length; start += 255) {
      const piece = bytes.subarray(start, start + 255)
      frames.push(Buffer.from([piece.length]), new Uint8Array(turned(piece)))
    }
    return frames
  }

  encodeEnd(): Uint8Array {
    return Buffer.from([0])
  }
}

function turned(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.map(byte => byte ^ 0xff))
}

function framed(text: string): Buffer {
  return Buffer.concat(new Frames().encode(Buffer.from(text)))
}

function plain(bytes: Buffer): string {
  return Buffer.concat(new Frames().decode(bytes)).toString()
}

t.test('functions see all bytes, whole and one by one, and keep what is not whole', async t => {
  for (const size of [1, 2, 3, 1000]) {
    const inputs: string[] = []
    const events: Events = {
      data(_id, input) {
        inputs.push(String(input))
        return [`(${input})`]
      },
    }
    const simulation = simulate(translate(events, always, () => new Frames()))
    const peer = simulation.connect()
    const wire = Buffer.concat(['one', 'two', '', 'three'].map(framed))
    for (let start = 0; start < wire.length; start += size) peer.send(wire.subarray(start, start + size))
    t.strictSame(inputs, ['one', 'two', 'three'], `${size} bytes at a time`)
    t.equal(plain(peer.receivedBytes), '(one)(two)(three)')
    peer.end()
    t.ok(peer.ended)
    t.equal(peer.receivedBytes.at(-1), 0, 'what encodeEnd returned went out last')
  }
})

t.test('with every seed, whatever is read and written at a time', async t => {
  const text = 'some bytes of a message '.repeat(400)
  for (let seed = 0; seed < 60; seed++) {
    const log: unknown[] = []
    const events: Events = {
      data: (_id, input) => [input, Action.None, 'token'],
      sent: (_id, token, error) => void log.push(error ?? token),
      closed: (_id, error) => void log.push(error),
    }
    const simulation = simulate(
      translate(events, always, () => new Frames()),
      { seed },
    )
    const peer = simulation.connect().send(framed(text)).end()
    if (plain(peer.receivedBytes) !== text) return void t.fail(`seed ${seed}`)
    if (log.pop() !== undefined || log.some(token => token !== 'token')) return void t.fail(`seed ${seed}`)
  }
  t.pass('60 seeds')
})

t.test('a half that is absent lets bytes through', async t => {
  const up = (bytes: Buffer) => Buffer.from(bytes.toString().toUpperCase())
  for (const [pair, answer] of [
    [{ decode: up }, 'HI, you'],
    [{ encode: up }, 'HI, YOU'],
    [{ encode: up, decode: undefined }, 'HI, YOU'],
    [{ encode: up, decode: new PassThrough() }, 'HI, YOU'],
  ] as [Pair, string][]) {
    const simulation = simulate(
      translate({ data: (_id, input) => [[input ?? '', ', you']] }, always, () => pair),
    )
    const peer = simulation.connect().send('hi')
    for (let left = 5; left > 0 && peer.received === ''; left--) await simulation.settle()
    t.equal(peer.received.replace('hi', 'HI'), answer.replace('hi', 'HI'))
  }
})

t.test(
  'what a function gives back of its own input may be used again, and is copied where it may not',
  async t => {
    for (const reuseInputBuffer of [true, false]) {
      for (let seed = 0; seed < 10; seed++) {
        const kept: Buffer[] = []
        const events: Events = {
          opened: () => [null, { reuseInputBuffer }],
          data(_id, input) {
            if (input !== null) kept.push(input)
            return [input]
          },
        }
        const inPlace = (bytes: Buffer) => {
          for (let at = 0; at < bytes.length; at++) bytes[at] = (bytes[at] ?? 0) ^ 1
          return bytes
        }
        const simulation = simulate(
          translate(events, always, () => ({ decode: inPlace })),
          { seed },
        )
        const peer = simulation.connect()
        peer.send('bbb')
        peer.send('ddd')
        t.equal(peer.received, 'cccddd'.replaceAll('d', 'e'))
        if (!reuseInputBuffer) t.equal(Buffer.concat(kept).toString(), 'ccceee')
      }
    }
  },
)

t.test('Detach hands over a socket of plain bytes, with all that was left', async t => {
  let socket: net.Socket | undefined
  const events: Events = {
    data: () => ['bye', Action.Detach],
    detached(_id, given) {
      socket = given
    },
  }
  const simulation = simulate(translate(events, always, () => new Frames()))
  const peer = simulation.connect()
  const half = framed('half')
  peer.send(Buffer.concat([framed('first'), framed('second'), half.subarray(0, 2)]))
  t.equal(plain(peer.receivedBytes), 'bye')
  if (socket === undefined) throw new Error('detached has not run')
  const read: string[] = []
  socket.on('data', bytes => read.push(String(bytes)))
  socket.write('more')
  await simulation.settle()
  peer.send(half.subarray(2)).end()
  await once(socket, 'end')
  t.equal(read.join(), 'second,half')
  socket.end()
  await simulation.settle()
  t.equal(plain(peer.receivedBytes), 'byemore')
  t.equal(peer.receivedBytes.at(-1), 0)
})

t.test('layers around layers: the outer call is nearer to the wire', async t => {
  const mark = (letter: string): Pair => ({
    decode: bytes => Buffer.from(`${letter}(${bytes})`),
    encode: bytes => Buffer.from(`${letter}[${bytes}]`),
  })
  const order: string[] = []
  const should = (name: string) => () => order.push(name) > 0
  const inner = translate({ data: (_id, input) => [input] }, should('inner'), () => mark('i'))
  const simulation = simulate(translate(inner, should('outer'), () => mark('o')))
  const peer = simulation.connect().send('x')
  t.equal(peer.received, 'o[i[i(o(x))]]')
  t.strictSame(order, ['outer', 'inner'])
})

t.test('handlers are looked up when they are called, as methods of their object', async t => {
  class Program implements Events {
    readonly #greeting = 'hello'
    opened(): [string] {
      return [this.#greeting]
    }
    data(_id: number, input: Buffer | null): [string] {
      return [`${this.#greeting} ${input}`]
    }
  }
  const program: Events = new Program()
  const translated = translate(program, always, () => new Frames())
  t.equal(translated.closed, undefined)
  t.equal(translated.prewrite, undefined)
  t.equal(translated.data, translated.data)
  const simulation = simulate(translated)
  const peer = simulation.connect().send(framed('you'))
  program.data = () => ['replaced']
  peer.send(framed('you'))
  t.equal(plain(peer.receivedBytes), 'hellohello youreplaced')
})

t.test('handlers around translated ones keep the layer', async t => {
  const translated = translate({ data: (_id, input) => [input] }, always, () => new Frames())
  let served = 0
  const spread: Events = {
    ...translated,
    serving() {
      served += 1
    },
  }
  const wrapped = Object.fromEntries(
    Object.entries(translated)
      .filter(([, handler]) => typeof handler === 'function')
      .map(([name, handler]) => [
        name,
        (...args: never[]) => (handler as (...args: never[]) => unknown)(...args),
      ]),
  )
  const inheriting: Events = Object.create(translated, { serving: { value: spread.serving } })
  for (const events of [spread, wrapped, inheriting]) {
    const peer = simulate(events).connect().send(framed('x'))
    t.equal(plain(peer.receivedBytes), 'x')
  }
  t.equal(served, 2)
})

t.test('each address and each dialled connection may have a layer of its own', async t => {
  const answers: string[] = []
  let runs = 0
  const program: Events = {
    serving() {
      runs += 1
    },
    data: (_id, input) => [`${input}!`],
  }
  const layered = translate(program, always, () => new Frames())
  const client: Events = { opened: () => ['hi'], data: (_id, input) => void answers.push(String(input)) }
  const running = serve(program, 'tcp4-net://127.0.0.1:0', { address: 'tcp4://127.0.0.1:0', events: layered })
  const server = await running.listening
  t.equal(runs, 1, 'the same program meets the server once')
  const dialled = new Promise<void>(resolve => {
    const closed = () => resolve()
    const events = translate(
      {
        ...client,
        data(_id, input) {
          answers.push(String(input))
          return [undefined, Action.Close]
        },
        closed,
      } as Events,
      always,
      () => new Frames(),
    )
    server.dial(String(server.addresses[1]), { events })
  })
  await dialled
  t.strictSame(answers, ['hi!'])
  server.shutdown()
  await running
})

t.test('should and wrap are asked once, and should sees what opened sees', async t => {
  const infos: Info[] = []
  let wraps = 0
  const events: Events = { opened: (_id, info) => void infos.push(info) }
  const simulation = simulate(
    translate(
      events,
      (_id, info) => infos.push(info) > 0,
      (_id, _wire, info) => {
        infos.push(info)
        wraps += 1
        return new Frames()
      },
    ),
  )
  simulation.connect().send(framed('x')).end()
  t.equal(wraps, 1)
  t.equal(infos.length, 3)
  t.equal(new Set(infos).size, 1)
})

t.test('limits and prewrite, postwrite, pending are about plain bytes', async t => {
  const amounts: number[][] = []
  const events: Events = {
    prewrite: (_id, amount) => void amounts.push([amount]),
    postwrite: (_id, amount, remaining) => void amounts.push([amount, remaining]),
    data: () => ['x'.repeat(1000)],
  }
  const doubled = (bytes: Buffer) => Buffer.concat([bytes, bytes])
  const simulation = simulate(
    translate(events, always, () => ({ encode: doubled })),
    { sendBuffer: 1000, receiveBuffer: 1000 },
  )
  const peer = simulation.connect({ paused: true }).send('go')
  t.strictSame(amounts.slice(0, 2), [[1000], [0, 1000]])
  t.equal(simulation.server.pending(1), 1000)
  peer.resume()
  t.strictSame(amounts.at(-1), [1000, 0])
  t.equal(peer.received.length, 2000)
  t.equal(simulation.server.pending(1), 0)
})
