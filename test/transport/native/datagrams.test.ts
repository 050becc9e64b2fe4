import { Buffer } from 'node:buffer'
import * as dgram from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  DATAGRAM_ROOM,
  EVENT_SIZE,
  Event,
  type Names,
  PEER_NUMBERS,
  PEER_SIZE,
  Source,
  systemError,
  WRITE_SIZE,
} from '../../../lib/transport/native/addon.js'
import { openDescriptors } from '../descriptors.js'
import { addon, closesAll, numbers, rests, skip, slab, until } from './harness.js'

const before = openDescriptors()
const MAX_WRITES = 100

/** What came, in the order in which it did. */
interface Arrival {
  readonly peer: Int32Array
  readonly text: string
  readonly turn: number
}

/** A poller for datagrams that keeps what it is told. */
class Station {
  readonly arrivals: Arrival[] = []
  readonly stage = slab(64 * 1024)
  readonly writes = numbers(MAX_WRITES * WRITE_SIZE)
  readonly poller
  turns = 0
  #top = 0
  #count = 0

  constructor(t: Test, rooms = 32) {
    const input = slab(rooms * DATAGRAM_ROOM)
    const events = numbers(64 * EVENT_SIZE)
    this.poller = new (addon().Poller)(input, this.stage, events, this.writes, count => {
      this.turns++
      for (let at = 0; at < count * EVENT_SIZE; at += EVENT_SIZE) {
        const [, kind, offset = 0, length = 0] = events.subarray(at, at + EVENT_SIZE)
        if (kind !== Event.Datagram) continue
        const peer = new Int32Array(input.buffer, input.byteOffset + offset, PEER_NUMBERS).slice()
        const text = input.toString('latin1', offset + PEER_SIZE, offset + PEER_SIZE + length)
        this.arrivals.push({ peer, text, turn: this.turns })
      }
    })
    t.teardown(() => this.poller.stop())
  }

  bind(host = '127.0.0.1', { v6only = true, reuseport = false, port = 0 } = {}) {
    const slot = this.poller.bind(host, port, v6only, reuseport)
    if (slot < 0) throw systemError(slot)
    return { slot, port: (this.poller.names(slot) as Names)[1] }
  }

  /** Adds a write: one datagram to a peer. */
  write(slot: number, peer: Int32Array, text: string): void {
    const length = this.stage.write(text, this.#top + PEER_SIZE) + PEER_SIZE
    Buffer.from(peer.buffer, peer.byteOffset, PEER_SIZE).copy(this.stage, this.#top)
    this.writes.set([slot, Source.StagingBuffer, this.#top, length], this.#count++ * WRITE_SIZE)
    this.#top += length
  }

  /** Does the writes, and answers the bytes of each, or its error's code. */
  flush(): (number | string | undefined)[] {
    const count = this.#count
    this.#count = 0
    this.#top = 0
    this.poller.flush(count, undefined)
    return Array.from({ length: count }, (_, index) => {
      const result = this.writes[index * WRITE_SIZE + 3] ?? Number.NaN
      if (result < 0) return systemError(result).code
      return result === 0 ? 'not taken' : result - PEER_SIZE
    })
  }
}

interface Peer {
  readonly socket: dgram.Socket
  readonly port: number
  readonly received: string[]
  send(port: number, ...texts: string[]): Promise<void>
}

async function peerOf(t: Test, host = '127.0.0.1'): Promise<Peer> {
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const received: string[] = []
  socket.on('message', bytes => received.push(String(bytes)))
  socket.bind(0, host)
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  const send = (port: number, text: string) =>
    new Promise<void>((resolve, reject) => {
      socket.send(text, port, host, error => (error === null ? resolve() : reject(error)))
    })
  return {
    socket,
    port: (socket.address() as AddressInfo).port,
    received,
    send: async (port, ...texts) => {
      for (const text of texts) await send(port, text)
    },
  }
}

/** Numbers of a peer with an IPv4 address. */
function peer4(port: number, ...address: number[]): Int32Array {
  const peer = new Int32Array(PEER_NUMBERS)
  peer[0] = 4
  peer[1] = port
  Buffer.from(peer.buffer).set(address, 12)
  return peer
}

await t.test('datagrams come with their sender in front, several in a turn', { skip }, async t => {
  const station = new Station(t)
  const { slot, port } = station.bind()
  const [first, second] = [await peerOf(t), await peerOf(t)]
  await first.send(port, 'one', '', 'three')
  await second.send(port, 'x'.repeat(65_507))
  await sleep(20)
  t.equal(station.turns, 0, 'nothing comes before the start; it waits in the socket')
  station.poller.start()
  await until('all of them', () => station.arrivals.length === 4)
  t.equal(station.turns, 1)
  t.strictSame(
    station.arrivals.map(({ peer, text }) => [
      peer[0],
      peer[1],
      station.poller.hostOf(peer, false),
      text.length,
    ]),
    [
      [4, first.port, '127.0.0.1', 3],
      [4, first.port, '127.0.0.1', 0],
      [4, first.port, '127.0.0.1', 5],
      [4, second.port, '127.0.0.1', 65_507],
    ],
  )
  t.strictSame(station.arrivals[0]?.peer, peer4(first.port, 127, 0, 0, 1))
  for (const { peer, text } of station.arrivals.slice(0, 3)) station.write(slot, peer, `<${text}>`)
  t.strictSame(station.flush(), [5, 2, 7])
  await until('the answers', () => first.received.length === 3)
  t.strictSame(first.received, ['<one>', '<>', '<three>'])
})

await t.test('a turn has as many as there is room for, and the others wait', { skip }, async t => {
  const station = new Station(t, 2)
  const { port } = station.bind()
  const peer = await peerOf(t)
  const texts = ['a', 'b', 'c', 'd', 'e']
  await peer.send(port, ...texts)
  station.poller.start()
  await until('all of them', () => station.arrivals.length === 5)
  t.strictSame(
    station.arrivals.map(({ text, turn }) => `${text}${turn}`),
    ['a1', 'b1', 'c2', 'd2', 'e3'],
  )
  t.throws(() => new Station(t, 65_540 / DATAGRAM_ROOM).bind(), { code: 'ENOBUFS', syscall: 'bind' })
})

await t.test('a flush takes more than one call does', { skip }, async t => {
  const station = new Station(t)
  const { slot } = station.bind()
  const peer = await peerOf(t)
  const to = peer4(peer.port, 127, 0, 0, 1)
  for (let index = 0; index < MAX_WRITES; index++) station.write(slot, to, `${index}`)
  t.ok(station.flush().every(result => typeof result === 'number' && result > 0))
  await until('all of them', () => peer.received.length === MAX_WRITES)
  t.strictSame(peer.received, Object.keys(peer.received), 'in order')
})

await t.test('what is refused costs its peer alone', { skip }, async t => {
  const station = new Station(t)
  const { slot } = station.bind()
  const peer = await peerOf(t)
  const good = peer4(peer.port, 127, 0, 0, 1)
  const everybody = peer4(9, 255, 255, 255, 255)
  const six = Int32Array.of(6, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  station.write(slot, good, 'a')
  station.write(slot, everybody, 'b')
  station.write(slot, everybody, 'c')
  station.write(slot, good, 'd')
  station.write(slot, six, 'e')
  station.write(slot, peer4(0, 127, 0, 0, 1), 'f')
  station.write(slot, good, 'g')
  const results = station.flush()
  t.strictSame(results, [1, 'EACCES', 'not taken', 1, 'EAFNOSUPPORT', 'EINVAL', 1])
  await until('the others', () => peer.received.length === 3)
  t.strictSame(peer.received, ['a', 'd', 'g'])
  station.poller.start()
  t.ok(await rests(), 'the event loop rests')
  t.equal(station.turns, 0)
})

await t.test('a write without a whole peer is refused', { skip }, async t => {
  const station = new Station(t)
  const { slot } = station.bind()
  const wrong: [string, number[]][] = [
    ['too short', [slot, Source.StagingBuffer, 0, PEER_SIZE - 1]],
    ['past the stage', [slot, Source.StagingBuffer, station.stage.length - 8, PEER_SIZE]],
    ['a negative length', [slot, Source.StagingBuffer, 0, -1]],
    ['no source', [slot, Source.Lent, 0, PEER_SIZE]],
  ]
  for (const [what, record] of wrong) {
    station.writes.set(record)
    station.poller.flush(1, undefined)
    t.match(systemError(station.writes[3] ?? 0), { code: 'EFAULT', syscall: 'send' }, what)
  }
  t.equal(station.poller.close(slot, false), 0)
  station.writes.set([slot, Source.StagingBuffer, 0, PEER_SIZE])
  station.poller.flush(1, undefined)
  t.match(systemError(station.writes[3] ?? 0), { code: 'EBADF' }, 'a slot that is gone')
})

await t.test('one that is not to be read rests, sends all the same, and goes on later', { skip }, async t => {
  const station = new Station(t)
  const { slot, port } = station.bind()
  const peer = await peerOf(t)
  station.poller.start()
  t.equal(station.poller.read(slot, false), 0)
  await peer.send(port, 'later')
  t.ok(await rests(), 'the event loop rests')
  t.equal(station.arrivals.length, 0)
  station.write(slot, peer4(peer.port, 127, 0, 0, 1), 'now')
  t.strictSame(station.flush(), [3])
  await until('the datagram', () => peer.received.length === 1)
  station.poller.read(slot, true)
  await until('what waited', () => station.arrivals.length === 1)
  t.equal(station.arrivals[0]?.text, 'later')
})

await t.test('peers that are not there any more do not end it, nor keep it busy', { skip }, async t => {
  const station = new Station(t)
  const { slot, port } = station.bind()
  station.poller.start()
  const gone = dgram.createSocket('udp4')
  gone.bind(0, '127.0.0.1')
  await once(gone, 'listening')
  const nobody = peer4((gone.address() as AddressInfo).port, 127, 0, 0, 1)
  await new Promise<void>(resolve => gone.close(() => resolve()))
  for (let round = 0; round < 50; round++) {
    station.write(slot, nobody, 'x')
    station.flush()
  }
  t.ok(await rests(), 'the event loop rests')
  const peer = await peerOf(t)
  await peer.send(port, 'alive')
  await until('the datagram', () => station.arrivals.length === 1)
  t.equal(station.arrivals[0]?.text, 'alive')
})

await t.test('one of IPv6 knows mapped peers as IPv4, and reaches them', { skip }, async t => {
  const station = new Station(t)
  let bound: ReturnType<Station['bind']>
  try {
    bound = station.bind('::', { v6only: false })
  } catch (error) {
    return void t.pass('dual stack', { skip: String(error) })
  }
  station.poller.start()
  const [four, six] = [await peerOf(t), await peerOf(t, '::1')]
  await four.send(bound.port, 'four')
  await until('the first', () => station.arrivals.length === 1)
  await six.send(bound.port, 'six')
  await until('the second', () => station.arrivals.length === 2)
  const hosts = station.arrivals.map(
    ({ peer, text }) => `${peer[0]} ${station.poller.hostOf(peer, false)} ${text}`,
  )
  t.strictSame(hosts, ['4 127.0.0.1 four', '6 ::1 six'])
  for (const { peer } of station.arrivals) station.write(bound.slot, peer, 'hello')
  t.strictSame(station.flush(), [5, 5])
  await until('both answers', () => four.received.length === 1 && six.received.length === 1)
  const near = Int32Array.of(6, 1, 1, 0x80fe, 0, 0, 0, 0, 0, 0, 0)
  t.match(station.poller.hostOf(near, false), /^fe80::%\w+$/, 'a host on a link is named with its interface')
  t.match(systemError(station.poller.hostOf(new Int32Array(6), false) as unknown as number), {
    code: 'EINVAL',
  })
})

await t.test('a port is taken by one, unless all of them share it', { skip }, async t => {
  const station = new Station(t)
  const { port } = station.bind()
  t.throws(() => station.bind('127.0.0.1', { port }), { code: 'EADDRINUSE', syscall: 'bind' })
  t.throws(() => station.bind('127.0.0.1', { port, reuseport: true }), { code: 'EADDRINUSE' })
  const shared = station.bind('127.0.0.1', { reuseport: true })
  t.equal(station.bind('127.0.0.1', { port: shared.port, reuseport: true }).port, shared.port)
  t.throws(() => station.bind('192.0.2.1'), { code: 'EADDRNOTAVAIL' })
  t.throws(() => station.bind('no number'), { code: 'EINVAL' })
})

await closesAll(t, before)
