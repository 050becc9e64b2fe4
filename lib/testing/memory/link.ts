import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import type { Address } from '../../info.js'
import { goneError, isGone, type Outbox } from '../../transport/outbox.js'
import type { Link, Receiver } from '../../transport/transport.js'
import type { End, Watcher } from '../network/connection-end.js'
import { systemError } from '../network/errors.js'
import type { Arrival } from '../network/network.js'
import type { Prng } from '../network/prng.js'
import { MemorySocket } from '../network/socket.js'

/** What a link needs from its transport. */
export interface LinkOwner {
  readonly chance: Prng
  /** The link may have an event for a turn. */
  ready(link: MemoryLink): void
  /** The link's outbox needs writing at the next flush. */
  offered(link: MemoryLink): void
  /** The link is closed or detached. */
  left(link: MemoryLink): void
}

/** A turn under construction: its input is fixed before its first handler runs. */
export interface Turn {
  /** Bytes that can still be read in this turn. */
  readonly room: number
  read(wire: End, size: number): Buffer
  tell(step: () => void): void
}

/** The loop's end of a connection in memory; behaves like a socket of the native transport. */
export class MemoryLink implements Link, Watcher {
  readonly wire: End
  /** Index of the binding that accepted it; -1 if dialled. */
  readonly addressIndex: number
  receiver: Receiver | undefined
  taken = 0
  failure: Error | undefined
  readonly #owner: LinkOwner
  readonly #ends: Arrival
  /** After a full buffer, more output goes only when a third of it has drained, as on Linux. */
  readonly #late: boolean
  /** Its last owner has ended the output. */
  readonly #mute: boolean
  #gone = false
  #reading = true
  /** The receiver wants to know when more output goes. */
  #blocked = false
  /** Read in this turn, for later steps of it. */
  readonly #untold: Buffer[] = []
  #toldEnd = false
  #toldFailure = false
  #outbox: Outbox | undefined
  /** Size of the outbox when it was offered; later output is not included. */
  #offered = 0

  constructor(owner: LinkOwner, ends: Arrival, addressIndex: number) {
    this.#owner = owner
    this.wire = ends.wire
    this.addressIndex = addressIndex
    this.#ends = ends
    this.#mute = ends.wire.finished
    this.#late = owner.chance.once(2)
    this.wire.watcher = this
  }

  // For the loop. ///////////////////////////////////////////////////////////////////////////////////////////////////

  write(outbox: Outbox): void {
    this.#outbox = outbox
    this.#offered = outbox.size
    this.#owner.offered(this)
  }

  /** A system may or may not report it; without a seed it doesn't, so timeouts fire on the exact millisecond. */
  unacknowledged(): number | undefined {
    return this.#owner.chance.seeded ? this.wire.other?.inbox.size : undefined
  }

  read(wanted: boolean): void {
    this.#reading = wanted
    this.notice()
  }

  end(): void {
    this.wire.finish()
  }

  close({ reset }: { reset: boolean }): void {
    this.wire.close(reset)
    this.#leave()
  }

  detach(unread: readonly Uint8Array[]): net.Socket {
    this.#leave()
    return new MemorySocket(this.#ends, [...unread, ...this.#untold.map(bytes => Buffer.from(bytes))])
  }

  /** There are no socket options in memory. */
  tune(): void {}

  addresses(): { local: Address; remote: Address } {
    return this.#ends
  }

  // For the transport. //////////////////////////////////////////////////////////////////////////////////////////////

  notice(): void {
    if (this.telling) this.#owner.ready(this)
  }

  /** An event is ready. */
  get telling(): boolean {
    if (this.#gone || this.receiver === undefined) return false
    const { inbox, broken } = this.wire
    if (this.#writes) return true
    if (inbox.size > 0) return this.#reads
    if (broken && !this.#toldFailure) return true
    return inbox.ended && this.#reading && !this.#toldEnd
  }

  /** Bytes that a peer sent before it broke the connection are read, wanted or not. */
  get #reads(): boolean {
    return this.#reading || this.wire.broken
  }

  get #writes(): boolean {
    if (!this.#blocked) return false
    return this.wire.broken || (this.#late ? this.wire.roomy : this.wire.room > 0)
  }

  /** Adds this link's events to a turn: writability first or last, a slice of input, then the end. */
  collect(turn: Turn): void {
    const { wire } = this
    const { chance } = this.#owner
    const writable = this.#writes
    const first = chance.once(2)
    if (writable && first) this.#tell(turn, receiver => this.#writable(receiver))
    if (this.#reads && wire.inbox.size > 0 && turn.room > 0) {
      do this.#collectInput(turn)
      while (wire.inbox.size > 0 && turn.room > 0 && chance.once(3))
      if (chance.once(2)) return
    }
    if (wire.inbox.size === 0) this.#collectEnd(turn)
    if (writable && !first) this.#tell(turn, receiver => this.#writable(receiver))
  }

  /** Performs the requested write. */
  attempt(): void {
    const outbox = this.#outbox
    this.#outbox = undefined
    this.taken = 0
    this.failure = undefined
    if (outbox === undefined || this.#gone) return
    if (this.wire.broken || this.#mute) this.#fail()
    else this.#take(outbox)
    this.notice()
  }

  #take(outbox: Outbox): void {
    const { wire } = this
    const { chance } = this.#owner
    let left = chance.once(16) ? 0 : chance.slice(Math.min(this.#offered, wire.room))
    for (let segment = outbox.first; segment !== undefined && left > 0; segment = segment.next) {
      if (isGone(segment)) {
        this.failure = goneError(segment)
        return
      }
      const size = Math.min(left, segment.end - segment.start)
      wire.write(segment.bytes, segment.start, segment.start + size)
      this.taken += size
      left -= size
    }
    this.#blocked = this.taken < this.#offered
  }

  #collectInput(turn: Turn): void {
    const bytes = turn.read(this.wire, this.#owner.chance.slice(Math.min(this.wire.inbox.size, turn.room)))
    this.#untold.push(bytes)
    this.#tell(turn, receiver => {
      this.#untold.shift()
      receiver.input(bytes)
    })
  }

  #collectEnd(turn: Turn): void {
    const { inbox, broken } = this.wire
    if (broken && !this.#toldFailure) {
      this.#toldFailure = true
      this.#tell(turn, receiver => receiver.failed(systemError('read', 'ECONNRESET')))
    } else if (inbox.ended && this.#reading && !this.#toldEnd) {
      this.#toldEnd = true
      this.#tell(turn, receiver => receiver.ended())
    }
  }

  /** As in a kernel, the error is reported once: after a failed write, reads may see a plain end. */
  #fail(): void {
    this.failure = systemError('write', this.wire.inbox.ended || this.#mute ? 'EPIPE' : 'ECONNRESET')
    if (!this.#mute && this.#owner.chance.once(2)) {
      this.#toldFailure = true
      this.wire.inbox.ended = true
    }
  }

  #writable(receiver: Receiver): void {
    this.#blocked = false
    receiver.writable()
  }

  #tell(turn: Turn, step: (receiver: Receiver) => void): void {
    turn.tell(() => {
      if (!this.#gone && this.receiver !== undefined) step(this.receiver)
    })
  }

  #leave(): void {
    this.#gone = true
    this.wire.watcher = undefined
    this.#owner.left(this)
  }
}
