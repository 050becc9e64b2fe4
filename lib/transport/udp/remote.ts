import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { inetAddress } from '../../address.js'
import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import type { Outbox } from '../outbox.js'
import { type Link, nobody } from '../transport.js'
import { Queue } from './queue.js'

/** What a transport knows a remote by: the same for the same host and port, and for no other. */
export type RemoteKey = string | number

/** What a remote needs of the table that it is in. */
export interface RemoteOwner {
  /** The address of the binding. */
  readonly address: Address
  /** Whether there is room to keep a datagram until its connection reads. */
  hold(bytes: Buffer): boolean
  unhold(bytes: Buffer): void
  /** Delivers what has waited, in turns that follow soon. */
  later(remote: UdpRemote): void
  left(remote: UdpRemote): void
}

/** The largest UDP payload, by IP version. */
const LARGEST = { 4: 65_507, 6: 65_527 } as const

/** The address of a remote. */
export interface SocketAddress {
  readonly host: string
  readonly port: number
}

/** One remote of a binding, from its first datagram until it is closed. Each transport implements how to send to it. */
export abstract class UdpRemote implements Link {
  readonly key: RemoteKey
  receiver = nobody
  taken = 0
  failure: Error | undefined
  /** The remote is in the table. */
  listed = false
  /** Its neighbours in the table, which is ordered by activity: `before` has been silent for longer. */
  before: UdpRemote | undefined
  after: UdpRemote | undefined
  readonly #remotes: RemoteOwner
  readonly #largest: number
  #open = true
  #reading = true
  /** Datagrams that arrived while the connection was not reading. */
  #waiting = new Queue<Buffer>()

  constructor(remotes: RemoteOwner, key: RemoteKey, family: 4 | 6) {
    this.#remotes = remotes
    this.key = key
    this.#largest = LARGEST[family]
  }

  abstract get place(): SocketAddress

  abstract write(outbox: Outbox): void

  get open(): boolean {
    return this.#open
  }

  // For the loop. ///////////////////////////////////////////////////////////////////////////////////////////////////

  read(wanted: boolean): void {
    this.#reading = wanted
    if (wanted && this.#waiting.size > 0) this.#remotes.later(this)
  }

  /** UDP has no end to send. */
  end(): void {}

  close(): void {
    this.#open = false
    for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
      this.#remotes.unhold(bytes)
    }
    this.#remotes.left(this)
  }

  detach(): net.Socket {
    throw new Error('all remotes of a binding share its socket')
  }

  tune(): void {}

  addresses(): { local: Address; remote: Address } {
    const { host, port } = this.place
    return { local: this.local, remote: inetAddress('udp', host, port) }
  }

  /** The local address that the remote wrote to, as far as it is known. */
  protected get local(): Address {
    return this.#remotes.address
  }

  // For the transport. //////////////////////////////////////////////////////////////////////////////////////////////

  /**
   * Takes a datagram. While the connection is not reading, the datagram waits, or is dropped if too many wait, as from
   * a full kernel buffer.
   *
   * @param lent - The memory is valid only until the turn ends.
   */
  deliver(bytes: Buffer, lent: boolean): void {
    if (this.#reading && this.#waiting.size === 0) this.receiver.input(bytes)
    else if (this.#remotes.hold(bytes)) this.#waiting.push(lent ? Buffer.from(bytes) : bytes)
  }

  /** Delivers up to `most` waiting datagrams while the connection reads, and returns how many it delivered. */
  deliverWaiting(most: number): number {
    for (let count = 0; count < most; count++) {
      const bytes = this.ready ? this.#waiting.shift() : undefined
      if (bytes === undefined) return count
      this.#remotes.unhold(bytes)
      this.receiver.input(bytes)
    }
    return most
  }

  /** A datagram waits, and the connection reads. */
  get ready(): boolean {
    return this.#open && this.#reading && this.#waiting.size > 0
  }

  writable(): void {
    if (this.#open) this.receiver.writable()
  }

  failed(error: Error): void {
    if (this.#open) this.receiver.failed(error)
  }

  /** Returns the error for a datagram of `size` bytes that is too large; undefined if it can be sent. */
  refusal(size: number): RevioError | undefined {
    if (size <= this.#largest) return undefined
    const { remote } = this.addresses()
    const message = `a datagram to ${remote} may have ${this.#largest} bytes, and not ${size}`
    return new RevioError('EMSGSIZE', message)
  }
}
