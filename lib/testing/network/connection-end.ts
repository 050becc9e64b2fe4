import { Buffer } from 'node:buffer'
import { Pipe } from './pipe.js'
import type { Schedule } from './schedule.js'

/** Watches one end of a wire. */
export interface Watcher {
  /** Something may have changed: bytes, room, the other side's end, a reset. Runs as a step of the schedule. */
  notice(): void
}

/** Parameters of wires. Sizes in bytes, the latency in milliseconds. */
export interface WireOptions {
  /** Buffer between a writing loop and a peer that does not read. */
  readonly sendBuffer: number
  /** Buffer between a writing peer and a loop that does not read. */
  readonly receiveBuffer: number
  /** One-way latency. */
  readonly latency: number
}

/**
 * One end of a connection, with the kernel's behaviour: bytes wait in bounded buffers, an end follows the bytes, a
 * reset overtakes them, and sending to a closed end is answered with a reset.
 */
export class End {
  /** Bytes sent to this end and not yet read. */
  readonly inbox: Pipe
  watcher: Watcher | undefined
  /** The other side has reset the connection. */
  broken = false
  closed = false
  /** This end has ended its side. */
  finished = false
  readonly #schedule: Schedule
  readonly #latency: number
  /** A reset may overtake bytes on their way here. */
  readonly #lossy: boolean
  #other: End | undefined
  #posted = false

  private constructor(schedule: Schedule, capacity: number, latency: number, lossy: boolean) {
    this.inbox = new Pipe(capacity)
    this.#schedule = schedule
    this.#latency = latency
    this.#lossy = lossy
  }

  /** A new connection: the loop's end, and the peer's. */
  static pair(schedule: Schedule, options: WireOptions): readonly [near: End, far: End] {
    const near = new End(schedule, options.receiveBuffer, options.latency, false)
    const far = new End(schedule, options.sendBuffer, options.latency, true)
    near.#other = far
    far.#other = near
    return [near, far]
  }

  get other(): End | undefined {
    return this.#other
  }

  /** Number of bytes that can be written now. */
  get room(): number {
    return this.#other === undefined || this.broken ? 0 : this.#other.inbox.room
  }

  /** Whether a third of the capacity can be written. */
  get roomy(): boolean {
    return (
      this.#other !== undefined && !this.broken && 3 * this.#other.inbox.room >= this.#other.inbox.capacity
    )
  }

  /** Whether there is something to read, at least the end. */
  get readable(): boolean {
    return this.inbox.size > 0 || this.inbox.ended || this.broken
  }

  /** Sends `bytes[start, end)`, for which there must be room. */
  write(bytes: Uint8Array, start: number, end: number): void {
    const other = this.#other
    if (other === undefined || this.broken || end === start) return
    if (other.closed) {
      this.#reset()
      return
    }
    other.inbox.write(bytes, start, end)
    other.notify()
  }

  /** Moves `size` bytes to `target`. */
  read(size: number, target: Uint8Array, at: number): void {
    this.inbox.read(size, target, at)
    this.#other?.notify()
  }

  /** Moves `size` bytes to a new buffer. */
  take(size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size)
    this.read(size, bytes, 0)
    return bytes
  }

  /** Sends the orderly end. */
  finish(): void {
    if (this.finished || this.broken) return
    this.finished = true
    if (this.#other === undefined) return
    this.#other.inbox.ended = true
    this.#other.notify()
  }

  /** Closes this end. If input is unread, the other side gets a reset instead of an end. */
  close(reset: boolean): void {
    if (this.closed) return
    this.closed = true
    if (!reset && this.inbox.size === 0) this.finish()
    else if (this.#other !== undefined) this.#other.#reset()
    this.inbox.cut(0)
  }

  /** Schedules one call of the watcher. */
  notify(): void {
    if (this.#posted || this.closed || this.watcher === undefined) return
    this.#posted = true
    this.#schedule.post(() => {
      this.#posted = false
      if (!this.closed) this.watcher?.notice()
    }, this.#latency)
  }

  /** A reset is on its way here. */
  #reset(): void {
    this.#schedule.post(() => {
      if (this.closed || this.broken) return
      this.broken = true
      if (this.#lossy && this.#schedule.chance.once(2))
        this.inbox.cut(this.#schedule.chance.below(this.inbox.size + 1))
      this.notify()
    }, this.#latency)
  }
}
