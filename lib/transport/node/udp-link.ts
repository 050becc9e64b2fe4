import type * as dgram from 'node:dgram'
import type { Outbox } from '../outbox.js'
import { type SocketAddress, UdpRemote } from '../udp/remote.js'
import type { UdpRemotes } from '../udp/remotes.js'

/** Where a datagram came from, as the system tells it. */
export type Remote = Pick<dgram.RemoteInfo, 'address' | 'port' | 'family'>

/** What a link needs of its binding. */
export interface UdpLinkOwner {
  readonly remotes: UdpRemotes
  /** The system takes no more for now, and a datagram waits in the socket. */
  readonly full: boolean
  /** Sends a datagram; `sent` hears what became of it, and never before this returns. */
  send(bytes: Uint8Array, remote: Remote, sent: (error: Error | null) => void): void
  /** A datagram of `link` has gone, or not. */
  sent(link: UdpLink, error: Error | null): void
}

/**
 * One remote of a binding on `node:dgram`. Reports failures to the receiver, because the socket learns of them only
 * after the turn.
 */
export class UdpLink extends UdpRemote {
  readonly #socket: UdpLinkOwner
  readonly #remote: Remote
  /** Length of the outbox's oldest datagram if the socket holds it and the OS has not taken it; otherwise 0. */
  #inFlight = 0
  /** Bytes passed to the socket whose callback has not run. */
  #unanswered = 0
  /** The loop waits until all of them are sent. */
  #confirms = false

  constructor(socket: UdpLinkOwner, key: string, remote: Remote) {
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

  /** Sends each run as a datagram, while the socket's queue is empty. An empty datagram needs no room. */
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

  /** Returns false if no other datagram may follow now. */
  #send(bytes: Uint8Array, size: number): boolean {
    const refusal = this.refusal(size)
    if (refusal !== undefined) {
      // After the callbacks for the datagrams before it.
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
