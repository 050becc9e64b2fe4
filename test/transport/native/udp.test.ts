import { Buffer } from 'node:buffer'
import t from 'tap'
import { parseAddress } from '../../../lib/address.js'
import { systemClock } from '../../../lib/loop/clock.js'
import {
  type Addon,
  DATAGRAM_ROOM,
  EVENT_SIZE,
  Event,
  PEER_NUMBERS,
  PEER_SIZE,
  type Poller,
  WRITE_SIZE,
} from '../../../lib/transport/native/addon.js'
import { NativeUdpTransport } from '../../../lib/transport/native/udp.js'
import { Outbox } from '../../../lib/transport/outbox.js'
import type { Link, Receiver } from '../../../lib/transport/transport.js'

const SLOT = 5
/** A fault of sending, as the addon has it. */
const EACCES = -((7 << 12) | 13)

/** An addon whose system takes datagrams as it is told to. */
class Scripted {
  readonly sent: string[] = []
  flushes = 0
  /** What the system says of a datagram: as the addon's result, or nothing when it takes it. */
  verdict: (text: string) => number | undefined = () => undefined
  #input: Buffer = Buffer.alloc(0)
  #stage: Buffer = Buffer.alloc(0)
  #events: Int32Array = new Int32Array()
  #writes: Int32Array = new Int32Array()
  #turn: (count: number) => void = () => {}
  #arrived = 0

  get addon(): Addon {
    const poller = {
      bind: () => SLOT,
      names: () => ['10.0.0.2', 53, '', -1],
      hostOf: () => '10.0.0.1',
      flush: (count: number) => this.#flush(count),
      start() {},
      read: () => 0,
      stop() {},
    }
    const make = (input: Buffer, stage: Buffer, events: Int32Array, writes: Int32Array, turn: () => void) => {
      this.#input = input
      this.#stage = stage
      this.#events = events
      this.#writes = writes
      this.#turn = turn
      return poller as unknown as Poller
    }
    return {
      Poller: function Scripted(...given: Parameters<typeof make>) {
        return make(...given)
      },
      opensslMissing: () => 'scripted',
    } as unknown as Addon
  }

  /** A turn with one datagram after the other, each given as port and text. */
  receive(...datagrams: [number, string][]): void {
    for (const [port, text] of datagrams) {
      const offset = this.#arrived * DATAGRAM_ROOM
      new Int32Array(this.#input.buffer, offset, PEER_NUMBERS).set([4, port, 0, 0x0100000a, 0, 0, 0])
      const length = this.#input.write(text, offset + PEER_SIZE)
      this.#events.set([SLOT, Event.Datagram, offset, length], this.#arrived++ * EVENT_SIZE)
    }
    this.#end()
  }

  writable(): void {
    this.#events.set([SLOT, Event.Writable, 0, 0], this.#arrived++ * EVENT_SIZE)
    this.#end()
  }

  #end(): void {
    const count = this.#arrived
    this.#arrived = 0
    this.#turn(count)
  }

  #flush(count: number): number {
    this.flushes++
    let full = false
    for (let at = 0; at < count * WRITE_SIZE; at += WRITE_SIZE) {
      const [slot, , offset = 0, length = 0] = this.#writes.subarray(at, at + WRITE_SIZE)
      const port = this.#stage.readInt32LE(offset + 4)
      const text = `${port}:${this.#stage.subarray(offset + PEER_SIZE, offset + length)}`
      const verdict: number | undefined = full || slot !== SLOT ? 0 : this.verdict(text)
      if (verdict !== undefined) this.#writes[at + 3] = verdict
      else this.sent.push(text)
      full ||= verdict === 0
    }
    return 0
  }
}

/** What a loop would be to one remote. */
class Remote implements Receiver {
  readonly link: Link
  readonly outbox = new Outbox()
  readonly inputs: string[] = []
  failure: Error | undefined
  writables = 0

  constructor(link: Link) {
    this.link = link
  }

  input(bytes: Buffer): void {
    this.inputs.push(String(bytes))
  }

  ended(): void {
    throw new Error('datagrams have no end')
  }

  failed(error: Error): void {
    this.failure = error
    this.link.close({ reset: true })
  }

  writable(): void {
    this.writables++
    this.link.write(this.outbox)
  }

  write(...texts: string[]): void {
    for (const text of texts) this.outbox.give(Buffer.from(text))
    this.link.write(this.outbox)
  }
}

async function binding(ports: number[]) {
  const system = new Scripted()
  const remotes: Remote[] = []
  const transport = new NativeUdpTransport(system.addon, {
    clock: systemClock,
    inTurn: false,
    turn(run) {
      run()
      settle()
    },
    accepted(_transport, link) {
      const remote = new Remote(link)
      remotes.push(remote)
      return remote
    },
  })
  /** The end of a turn: what is offered is sent, and what was taken is no more. */
  const settle = () => {
    transport.flush()
    for (const { outbox, link } of remotes) {
      outbox.settle(link.taken)
      Object.assign(link, { taken: 0 })
    }
  }
  await transport.bind(parseAddress('udp4://10.0.0.2:53'), 0)
  transport.start()
  system.receive(...ports.map((port): [number, string] => [port, 'hello']))
  return { system, transport, settle, remotes: remotes as [Remote, Remote] }
}

t.test('while the socket is full nobody sends, and then everybody does, each in order', async t => {
  const { system, settle, remotes } = await binding([1, 2])
  const [first, second] = remotes
  system.verdict = text => (text === '1:b' ? 0 : undefined)
  first.write('a', 'b', 'c')
  second.write('d')
  settle()
  t.strictSame(system.sent, ['1:a'])
  t.strictSame([first.outbox.size, second.outbox.size], [2, 1])
  second.write('e')
  settle()
  t.equal(system.flushes, 1, 'the addon is not asked while it is full')
  system.verdict = () => undefined
  system.writable()
  t.strictSame(system.sent, ['1:a', '1:b', '1:c', '2:d', '2:e'], 'nothing twice, nothing lost, in order')
  t.strictSame([first.writables, second.writables], [1, 1])
  t.ok(first.outbox.empty && second.outbox.empty)
  t.strictSame([first.link.failure, second.link.failure], [undefined, undefined])
})

t.test('one that waited and is closed is not told, and the others are', async t => {
  const { system, settle, remotes } = await binding([1, 2])
  const [first, second] = remotes
  system.verdict = () => 0
  first.write('a')
  second.write('b')
  settle()
  first.link.close({ reset: true })
  system.verdict = () => undefined
  system.writable()
  t.strictSame(system.sent, ['2:b'])
  t.strictSame([first.writables, second.writables], [0, 1])
})

t.test('what the system refuses is the failure of its remote, and of no other', async t => {
  const { system, transport, remotes } = await binding([1, 2])
  const [first, second] = remotes
  system.verdict = text => (text === '1:b' ? EACCES : text === '1:c' ? 0 : undefined)
  first.write('a', 'b')
  second.write('d')
  transport.flush()
  t.match(first.link.failure, {
    code: 'EACCES',
    message: 'send EACCES: permission denied udp4://10.0.0.1:1',
  })
  t.strictSame([first.link.taken, second.link.taken], [1, 1])
  t.equal(second.link.failure, undefined)
  t.strictSame(system.sent, ['1:a', '2:d'])
})

t.test('what is behind a refused datagram of the same remote blocks nobody', async t => {
  const { system, settle, remotes } = await binding([1, 2])
  const [first, second] = remotes
  system.verdict = text => (text === '1:a' ? EACCES : undefined)
  first.write('a')
  settle()
  second.write('b')
  settle()
  t.match(first.link.failure, { code: 'EACCES' })
  t.strictSame(system.sent, ['2:b'])
  t.equal(system.flushes, 2)
})

t.test(
  'one that is too large fails behind those before it, and those wait while the socket is full',
  async t => {
    const { system, settle, remotes } = await binding([1, 2])
    const [first, second] = remotes
    system.verdict = () => 0
    first.write('a', 'x'.repeat(65_508))
    second.write('b')
    settle()
    t.equal(first.link.failure, undefined)
    system.verdict = () => undefined
    system.writable()
    t.strictSame(system.sent, ['1:a', '2:b'])
    t.match(first.link.failure, {
      code: 'EMSGSIZE',
      message: 'a datagram to udp4://10.0.0.1:1 may have 65507 bytes, and not 65508',
    })
  },
)

t.test('more than there is room for goes in several flushes', async t => {
  const { system, settle, remotes } = await binding([1, 2])
  const [first, second] = remotes
  const large = 'x'.repeat(60_000)
  first.write(...Array.from({ length: 20 }, () => large))
  second.write(...Array.from({ length: 2000 }, (_, index) => `${index}`))
  settle()
  t.equal(system.sent.length, 2020)
  t.ok(system.flushes >= 4)
  t.ok(first.outbox.empty && second.outbox.empty)
  t.strictSame(
    system.sent.slice(20).map(text => text.slice(2)),
    Array.from({ length: 2000 }, (_, index) => `${index}`),
  )
})

t.test('a datagram that waits is a copy: the next turn uses its memory again', async t => {
  const { system, transport, remotes } = await binding([1, 2])
  const [paused, other] = remotes
  paused.link.read(false)
  system.receive([1, 'first'], [2, 'x'])
  system.receive([2, 'zzzzz'], [1, 'y'])
  t.strictSame(other.inputs, ['hello', 'x', 'zzzzz'])
  paused.link.read(true)
  await new Promise(resolve => setImmediate(resolve))
  t.strictSame(paused.inputs, ['hello', 'first', 'y'])
  transport.unbind()
  system.receive([1, 'late'], [3, 'stranger'])
  t.equal(remotes.length, 2, 'nobody is heard behind the end of the binding')
  t.equal(paused.inputs.length, 3)
})
