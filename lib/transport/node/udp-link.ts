import type { Outbox } from '../outbox.js'
import { type SocketAddress, UdpRemote } from '../udp/remote.js'
import type { Remote, UdpSocket } from './udp-socket.js'

/**
 * One remote of a binding on `node:dgram`. Failures are told to the receiver: the socket knows of them behind the turn.
 */
export class UdpLink extends UdpRemote {
  readonly #socket: UdpSocket
  readonly #remote: Remote
  /** Length of the oldest datagram of the outbox, which the socket has and the system has not taken yet; or 0. */
  #inFlight = 0
  /** Bytes that were given to the socket and of which it has not said that they have gone. */
  #unanswered = 0
  /** The loop waits for all of them to have gone. */
  #confirms = false

  constructor(socket: UdpSocket, key: string, remote: Remote) {
    super(socket.remotes, key, remote.family === 'IPv6' ? 6 : 4)
    this.#socket = socket
    this.#remote = remote
  }

  get place(): SocketAddress {
    return { host: this.#remote.address, port: this.#remote.port }
  }

  get unconfirmed(): number {
    return this.#unanswered - this.#inFlight
  }

  /** Sends each run as a datagram, until the socket's queue is no longer empty. An empty datagram needs no room. */
  write(outbox: Outbox): void {
    const { remotes } = this.#socket
    let skip = this.#inFlight > 0
    this.taken = this.#inFlight
    this.#inFlight = 0
    remotes.heard(this)
    for (let segment = outbox.first; segment !== undefined; segment = segment.next) {
      const size = segment.end - segment.start
      if (skip) skip = false
      else if (size > 0 && this.#socket.full) return remotes.await(this)
      else if (!this.#send(segment.bytes, size)) return
    }
  }

  /** False when no other datagram is to follow now. */
  #send(bytes: Uint8Array, size: number): boolean {
    const refusal = this.refusal(size)
    if (refusal !== undefined) {
      // Behind what the socket says of the datagrams before it.
      process.nextTick(() => this.#sent(size, refusal))
      return false
    }
    this.#unanswered += size
    this.#socket.send(bytes, this.#remote, error => this.#sent(size, error))
    if (size > 0 && this.#socket.full) {
      this.#inFlight = size
      this.#socket.remotes.await(this)
      return false
    }
    this.taken += size
    return true
  }

  confirm(): void {
    this.#confirms = true
  }

  #sent(size: number, error: Error | null): void {
    if (error === null) this.#unanswered -= size
    this.#socket.sent(this, error)
    if (!this.#confirms || this.#unanswered > 0) return
    this.#confirms = false
    this.#socket.remotes.turn(() => this.writable())
  }
}
