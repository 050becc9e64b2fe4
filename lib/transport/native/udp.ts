import { Buffer } from 'node:buffer'
import { type Binding, inetAddress } from '../../address.js'
import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import { type Endpoint, firstThatBinds, resolveHost } from '../resolve.js'
import { StagingBuffer } from '../staging.js'
import type { Host, Transport } from '../transport.js'
import type { RemoteKey } from '../udp/remote.js'
import type { UdpRemotesOptions } from '../udp/remotes.js'
import {
  type Addon,
  DATAGRAM_ROOM,
  EVENT_SIZE,
  Event,
  INDEX,
  PEER_ADDRESS,
  PEER_LOCAL,
  PEER_SIZE,
  type Poller,
  systemError,
  WRITE_SIZE,
} from './addon.js'
import { NativeInput } from './input.js'
import { LocalAddresses } from './local-addresses.js'
import { numbersOf, PinnedMemory } from './memory.js'
import { NativeUdpSocket } from './udp-socket.js'
import { NativeUdpWriter } from './udp-writer.js'

/** The most datagrams before a turn; the addon receives this many from a binding at once. */
const MOST_ARRIVALS = 32
/** The size of the send block: several of the largest datagrams, or a turn of small ones. */
const GATHERED = 512 * 1024
const INPUT_SIZE = MOST_ARRIVALS * DATAGRAM_ROOM
const MAX_EVENTS = 256
const MAX_WRITES = 1024

/**
 * Datagrams through the addon: many for each system call, and one call into TypeScript for each turn. Each remote of a
 * binding is a connection, from its first datagram on.
 *
 * Limit: ICMP errors are not reported, because the OS does not report them to a socket with several remotes.
 */
export class NativeUdpTransport implements Transport {
  readonly name = 'native'
  readonly stage = new StagingBuffer(Buffer.alloc(0))
  readonly sharesInput: boolean
  readonly datagrams = true
  readonly #host: Host
  readonly #poller: Poller
  readonly #writer: NativeUdpWriter
  readonly #input: NativeInput
  /** The input memory as integers, for the peer records. */
  readonly #numbers: Int32Array
  readonly #locals = new LocalAddresses()
  /** By slot index. */
  readonly #sockets: (NativeUdpSocket | undefined)[] = []

  constructor(addon: Addon, host: Host) {
    this.#host = host
    const memory = new PinnedMemory(
      INPUT_SIZE + GATHERED + 4 * (MAX_EVENTS * EVENT_SIZE + MAX_WRITES * WRITE_SIZE),
    )
    this.#input = new NativeInput(memory, INPUT_SIZE, MAX_EVENTS)
    this.sharesInput = this.#input.shared
    const writes = memory.numbers(MAX_WRITES * WRITE_SIZE)
    const gathered = memory.bytes(GATHERED)
    const { bytes, events } = this.#input
    this.#numbers = numbersOf(bytes)
    const deliver = (at: number) => this.#deliver(at)
    this.#poller = new addon.Poller(bytes, gathered, events, writes, count => {
      this.#input.turn(host, count, deliver)
    })
    this.#writer = new NativeUdpWriter(this.#poller, gathered, writes)
  }

  async bind(binding: Binding, addressIndex: number): Promise<Address> {
    const slot = await firstThatBinds(await resolveHost(binding), async endpoint =>
      this.#bind(endpoint, binding),
    )
    const names = this.#poller.names(slot)
    if (typeof names === 'number') throw systemError(names)
    const address = inetAddress('udp', names[0], names[1])
    const accept: UdpRemotesOptions['accept'] = link => this.#host.accepted(this, link, addressIndex)
    this.#sockets[slot & INDEX] = new NativeUdpSocket({
      slot,
      host: this.#host,
      writer: this.#writer,
      address,
      maxConnections: binding.maxConnections,
      accept,
      hostOf: (peer, local) => this.#poller.hostOf(peer, local),
    })
    return address
  }

  dial(target: Binding): () => void {
    throw new RevioError('ERR_UNSUPPORTED', `address "${target.text}": datagrams have no connection to dial`)
  }

  start(): void {
    this.#poller.start()
  }

  flush(): void {
    this.#writer.flush()
  }

  unbind(): void {
    for (const socket of this.#sockets) {
      if (socket === undefined) continue
      socket.stopped = true
      this.#poller.read(socket.slot, false)
    }
  }

  close(): void {
    this.#sockets.length = 0
    this.#poller.stop()
  }

  #bind({ host, port, dualStack }: Endpoint, { reuseport }: Binding): number {
    const slot = this.#poller.bind(host, port, !dualStack, reuseport)
    if (slot < 0) throw systemError(slot, ` ${host}:${port}`)
    return slot
  }

  #deliver(at: number): void {
    const { events } = this.#input
    const slot = events[at] as number
    const socket = this.#sockets[slot & INDEX]
    if (socket?.slot !== slot) return
    if (events[at + 1] === Event.Writable) return socket.writable()
    const offset = events[at + 2] as number
    const bytes = this.#input.view(at, offset + PEER_SIZE, events[at + 3] as number)
    socket.received(this.#keyAt(offset), this.#numbers, offset / 4, bytes)
  }

  /** A number for IPv4 with few local addresses; otherwise the peer record as a string. */
  #keyAt(offset: number): RemoteKey {
    const at = offset / 4
    const local =
      this.#numbers[at] === 6 ? -1 : this.#locals.indexOf(this.#numbers[at + PEER_LOCAL] as number)
    if (local < 0) return this.#input.bytes.toString('latin1', offset, offset + PEER_SIZE)
    const host = local * 2 ** 32 + ((this.#numbers[at + PEER_ADDRESS] as number) >>> 0)
    return host * 65_536 + (this.#numbers[at + 1] as number)
  }
}
