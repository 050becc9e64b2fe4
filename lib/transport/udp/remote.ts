import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { inetAddress } from '../../address.js'
import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import type { Outbox } from '../outbox.js'
import { type Link, nobody } from '../transport.js'
import { Queue } from './queue.js'
import type { RemoteKey, UdpRemotes } from './remotes.js'

/** What an IP packet has room for behind the headers, by the version of IP. */
const LARGEST = { 4: 65_507, 6: 65_527 } as const

/** Where a remote is. */
export interface SocketAddress {
  readonly host: string
  readonly port: number
}

/** One remote of a binding, from its first datagram until it is closed. How it is sent datagrams is its transport's. */
export abstract class UdpRemote implements Link {
  readonly key: RemoteKey
  receiver = nobody
  taken = 0
  failure: Error | undefined
  /** It is in the table. */
  listed = false
  /** Its neighbours there, of which the one before has been silent for longer. */
  before: UdpRemote | undefined
  after: UdpRemote | undefined
  readonly #remotes: UdpRemotes
  readonly #largest: number
  #open = true
  #reading = true
  /** Came while no input was wanted. */
  #waiting = new Queue<Buffer>()

  constructor(remotes: UdpRemotes, key: RemoteKey, family: 4 | 6) {
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

  /** There is no end that a remote could be sent. */
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

  /** The address of this side that the remote wrote to, as far as it is known. */
  protected get local(): Address {
    return this.#remotes.address
  }

  // For the transport. //////////////////////////////////////////////////////////////////////////////////////////////

  /**
   * A datagram came. While none is wanted it waits, or is dropped as one is that finds a kernel's buffer full.
   *
   * @param lent - Its memory is only there until the turn ends.
   */
  deliver(bytes: Buffer, lent: boolean): void {
    if (this.#reading && this.#waiting.size === 0) this.receiver.input(bytes)
    else if (this.#remotes.hold(bytes)) this.#waiting.push(lent ? Buffer.from(bytes) : bytes)
  }

  /** Delivers what has waited, for as long as it is wanted; at most so many. Answers how many that were. */
  deliverWaiting(most: number): number {
    for (let count = 0; count < most; count++) {
      const bytes = this.ready ? this.#waiting.shift() : undefined
      if (bytes === undefined) return count
      this.#remotes.unhold(bytes)
      this.receiver.input(bytes)
    }
    return most
  }

  /** Something waits, and may be delivered. */
  get ready(): boolean {
    return this.#open && this.#reading && this.#waiting.size > 0
  }

  writable(): void {
    if (this.#open) this.receiver.writable()
  }

  failed(error: Error): void {
    if (this.#open) this.receiver.failed(error)
  }

  /** Why a datagram of `size` bytes cannot be sent at all; undefined when it can. */
  refusal(size: number): RevioError | undefined {
    if (size <= this.#largest) return undefined
    const { remote } = this.addresses()
    const message = `a datagram to ${remote} may have ${this.#largest} bytes, and not ${size}`
    return new RevioError('EMSGSIZE', message)
  }
}
