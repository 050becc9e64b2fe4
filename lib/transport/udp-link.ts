import type * as net from 'node:net'
import { inetAddress } from '../address.js'
import { RevioError } from '../errors.js'
import type { Address } from '../events.js'
import type { Outbox } from '../outbox.js'
import type { Link, Receiver } from './transport.js'
import type { Remote, UdpSocket } from './udp-socket.js'

/** What an IP packet has room for behind the headers. */
const LARGEST = { IPv4: 65_507, IPv6: 65_527 } as const

/** One remote of a binding, from its first datagram until it is closed. */
export class UdpLink implements Link {
  taken = 0
  /** Failures are told to the receiver: the socket knows of them behind the turn. */
  readonly failure = undefined
  readonly #socket: UdpSocket
  readonly #remote: Remote
  /** Where the socket finds it. */
  readonly key: string
  readonly #receiver: Receiver
  #open = true
  #reading = true
  /** Came while no input was wanted. */
  #waiting: Buffer[] = []
  /** Length of the oldest datagram of the outbox, which the socket has and the system has not taken yet; or 0. */
  #inFlight = 0
  /** Bytes that were given to the socket and of which it has not said that they have gone. */
  #unanswered = 0

  /** `introduce` answers who hears of this link. */
  constructor(socket: UdpSocket, key: string, remote: Remote, introduce: (link: UdpLink) => Receiver) {
    this.key = key
    this.#socket = socket
    this.#remote = remote
    this.#receiver = introduce(this)
  }

  get open(): boolean {
    return this.#open
  }

  get unconfirmed(): number {
    return this.#unanswered - this.#inFlight
  }

  // For the loop. ///////////////////////////////////////////////////////////////////////////////////////////////////

  /** Sends each run as a datagram, until the socket's queue is no longer empty. An empty datagram needs no room. */
  write(outbox: Outbox): void {
    let skip = this.#inFlight > 0
    this.taken = this.#inFlight
    this.#inFlight = 0
    this.#socket.heard(this)
    for (let segment = outbox.first; segment !== undefined; segment = segment.next) {
      const size = segment.end - segment.start
      if (skip) skip = false
      else if (size > 0 && this.#socket.full) return this.#socket.await(this)
      else if (!this.#send(segment.bytes, size)) return
    }
  }

  read(wanted: boolean): void {
    this.#reading = wanted
    if (wanted && this.#waiting.length > 0) this.#socket.later(this)
  }

  /** There is no end that a remote could be sent. */
  end(): void {}

  close(): void {
    this.#open = false
    for (const bytes of this.#waiting) this.#socket.unhold(bytes)
    this.#waiting = []
    this.#socket.left(this)
  }

  detach(): net.Socket {
    throw new Error('all remotes of a binding share its socket')
  }

  tune(): void {}

  addresses(): { local: Address; remote: Address } {
    const { address, port } = this.#remote
    return { local: this.#socket.address, remote: inetAddress('udp', address, port) }
  }

  // For the socket, inside a turn. //////////////////////////////////////////////////////////////////////////////////

  /** A datagram came. While none is wanted it waits, or is dropped as one is that finds a kernel's buffer full. */
  deliver(bytes: Buffer): void {
    if (this.#reading && this.#waiting.length === 0) this.#receiver.input(bytes)
    else if (this.#socket.hold(bytes)) this.#waiting.push(bytes)
  }

  /** Delivers what has waited, for as long as it is wanted. */
  deliverWaiting(): void {
    while (this.#open && this.#reading) {
      const bytes = this.#waiting.shift()
      if (bytes === undefined) return
      this.#socket.unhold(bytes)
      this.#receiver.input(bytes)
    }
  }

  writable(): void {
    if (this.#open) this.#receiver.writable()
  }

  failed(error: Error): void {
    if (this.#open) this.#receiver.failed(error)
  }

  /** False when no other datagram is to follow now. */
  #send(bytes: Uint8Array, size: number): boolean {
    if (size > LARGEST[this.#remote.family]) {
      // Behind what the socket says of the datagrams before it.
      process.nextTick(() => this.#sent(size, this.#tooLarge(size)))
      return false
    }
    this.#unanswered += size
    this.#socket.send(bytes, this.#remote, error => this.#sent(size, error))
    if (size > 0 && this.#socket.full) {
      this.#inFlight = size
      this.#socket.await(this)
      return false
    }
    this.taken += size
    return true
  }

  #sent(size: number, error: Error | null): void {
    if (error === null) this.#unanswered -= size
    this.#socket.sent(this, error)
  }

  #tooLarge(size: number): RevioError {
    const { remote } = this.addresses()
    const largest = LARGEST[this.#remote.family]
    return new RevioError('EMSGSIZE', `a datagram to ${remote} may have ${largest} bytes, and not ${size}`)
  }
}
