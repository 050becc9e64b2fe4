import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import type { Address } from '../../info.js'
import type { Outbox } from '../../transport/outbox.js'
import type { Link, Receiver } from '../../transport/transport.js'
import { systemError } from '../network/errors.js'
import type { Arrival } from '../network/network.js'
import type { Prng } from '../network/prng.js'
import { MemorySocket } from '../network/socket.js'
import type { End, Watcher } from '../network/wire.js'

/** What a link needs of its transport. */
export interface LinkOwner {
  readonly chance: Prng
  /** The link may have something to tell in a turn. */
  ready(link: MemoryLink): void
  /** The link has an outbox to be written at the next flush. */
  offered(link: MemoryLink): void
  /** The link is closed or detached. */
  left(link: MemoryLink): void
}

/** A turn being put together: what was read is fixed before the first handler of the turn runs. */
export interface Turn {
  /** Bytes that can still be read in this turn. */
  readonly room: number
  read(wire: End, size: number): Buffer
  tell(step: () => void): void
}

/** The loop's end of a connection in memory, which does what a socket of the native transport does. */
export class MemoryLink implements Link, Watcher {
  readonly wire: End
  /** Which binding accepted it; -1 for one that was dialled. */
  readonly addressIndex: number
  receiver: Receiver | undefined
  taken = 0
  failure: Error | undefined
  readonly #owner: LinkOwner
  readonly #ends: Arrival
  /** More output goes only when a third of what is on the way has gone, as on Linux. */
  readonly #late: boolean
  /** Its last owner has ended the output. */
  readonly #mute: boolean
  #gone = false
  #reading = true
  /** The receiver waits to be told that more goes. */
  #blocked = false
  /** Read in this turn, for steps of it that are still to come. */
  readonly #untold: Buffer[] = []
  #toldEnd = false
  #toldFailure = false
  #outbox: Outbox | undefined
  /** How much of the outbox there was when it was offered; what comes later is not. */
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

  /** A system may say it or not; without a seed it doesn't, and timeouts come on the millisecond. */
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

  /** There is nothing here that could be tuned. */
  tune(): void {}

  addresses(): { local: Address; remote: Address } {
    return this.#ends
  }

  // For the transport. //////////////////////////////////////////////////////////////////////////////////////////////

  notice(): void {
    if (this.telling) this.#owner.ready(this)
  }

  /** There is something to be told now. */
  get telling(): boolean {
    if (this.#gone || this.receiver === undefined) return false
    const { inbox, broken } = this.wire
    if (this.#writes) return true
    if (inbox.size > 0) return this.#reads
    if (broken && !this.#toldFailure) return true
    return inbox.ended && this.#reading && !this.#toldEnd
  }

  /** What a peer sent before it broke the connection is read, wanted or not. */
  get #reads(): boolean {
    return this.#reading || this.wire.broken
  }

  get #writes(): boolean {
    if (!this.#blocked) return false
    return this.wire.broken || (this.#late ? this.wire.roomy : this.wire.room > 0)
  }

  /** Adds what there is to tell to a turn: room for output first or last, a slice of input, what came behind it. */
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

  /** Does the write that was asked for. */
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
    this.taken = left
    for (let segment = outbox.first; segment !== undefined && left > 0; segment = segment.next) {
      const size = Math.min(left, segment.end - segment.start)
      wire.write(segment.bytes, segment.start, segment.start + size)
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

  /** As with a kernel, the error is told once: reads may find a mere end behind a write that failed. */
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
