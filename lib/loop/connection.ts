import { Action } from '../action.js'
import { Outbox } from '../transport/outbox.js'
import type { Link, Receiver, Transport } from '../transport/transport.js'
import type { Limits } from './limits.js'
import type { Timed } from './timeouts.js'
import type { Receipts } from './tokens.js'

/**
 * Where a connection stands.
 *
 * | phase     | input goes to   | left when                                          |
 * | --------- | --------------- | -------------------------------------------------- |
 * | Open      | `data`          | Close, Detach, the peer's end, an error            |
 * | Closing   | nobody          | all output has been written: `closed`, `detached`  |
 * | Lingering | nobody          | the peer has ended, or a second has passed         |
 * | Gone      | nobody          | never                                              |
 */
export const Phase = { Open: 0, Closing: 1, Lingering: 2, Gone: 3 } as const
export type Phase = (typeof Phase)[keyof typeof Phase]

/** What a connection's link tells the loop that keeps it. */
export interface Keeper<Context> {
  input(connection: Connection<Context>, bytes: Buffer): void
  ended(connection: Connection<Context>): void
  failed(connection: Connection<Context>, error: Error): void
  writable(connection: Connection<Context>): void
  expired(connection: Connection<Context>, now: number): void
  /** Looks at the connection again, in a turn that follows soon. */
  revisit(connection: Connection<Context>): void
}

/** The state of one connection. What happens to it is the loop's to decide. */
export class Connection<Context> implements Receiver, Timed {
  readonly id: number
  readonly link: Link
  readonly transport: Transport
  readonly outbox = new Outbox()
  readonly #keeper: Keeper<Context>
  limits: Limits
  // A program whose `opened` gives no context has declared `Context` to be undefined.
  context = undefined as Context
  phase: Phase = Phase.Open
  /** What follows once the output has left: Close or Detach. */
  next: Action = Action.None
  /** What `closed` will be told. */
  error: Error | undefined
  /** `error` was thrown by a handler. */
  thrown = false
  /** Output does not reach the peer any more; what it sent before is still to be delivered. */
  broken = false
  /** Goes without its pending output: `Reset` was asked for, or it has more of that than it may. */
  aborted = false
  /** Nothing more comes from the peer, and whether `ended` has been told of it. */
  peerEnded = false
  endTold = false
  /** `End` was asked for, and whether the peer has been sent the end. */
  outputEnding = false
  outputEnded = false
  /** A reply has been promised. */
  busy = false
  /** `pause` was asked for. */
  paused = false
  /** Unsent output is above the high-water mark. */
  throttled = false
  /** The last attempt to write left something; the transport will say when more goes. */
  blocked = false
  /** A wake has been asked for. */
  woken = false
  /** Among those to be written at the end of the turn. */
  dirty = false
  /** Among those to be looked at again after the turn. */
  queued = false
  /** Whether the transport has been asked for input. */
  reading = true
  /** Read from the transport and not delivered, because the reading was stopped in between. */
  held: Buffer[] | undefined
  /** Its output has been offered at the present attempt to write. */
  offered = false
  /** Whom to tell when output has gone; there once somebody has asked. */
  receipts: Receipts | undefined
  /** When a byte last went either way, and when output last made progress; in the clock's milliseconds. */
  touched: number
  progress = 0
  lingerUntil = 0
  timeoutIndex = -1
  deadline = 0

  constructor(
    keeper: Keeper<Context>,
    id: number,
    transport: Transport,
    link: Link,
    limits: Limits,
    now: number,
  ) {
    this.#keeper = keeper
    this.id = id
    this.transport = transport
    this.link = link
    this.limits = limits
    this.touched = now
  }

  /** Output can be appended. A handler that has had its own connection closed with `send` may still return some. */
  get takesOutput(): boolean {
    return this.phase <= Phase.Closing && !this.broken && !this.aborted && !this.outputEnding
  }

  /** Input may be delivered now. */
  get receptive(): boolean {
    return this.phase === Phase.Open && !this.busy && !this.paused && !this.throttled
  }

  /**
   * Input is to be read. One that closes is read on, and what comes is thrown away, so that a peer which writes
   * before it reads can take the last of the output; one that is to be detached keeps its input for the new owner.
   */
  get wantsInput(): boolean {
    if (this.phase === Phase.Open) return this.receptive && this.held === undefined
    return this.phase === Phase.Lingering || (this.phase === Phase.Closing && this.next !== Action.Detach)
  }

  /** Bytes that have been taken and may be refused after all. */
  get unconfirmed(): number {
    return this.link.unconfirmed ?? 0
  }

  /** Reads from the peer or stops reading, as the connection's state asks for. */
  regulate(): void {
    this.throttled = this.outbox.size > this.limits.highWaterMark
    const wanted = this.wantsInput
    if (wanted !== this.reading && !this.peerEnded) {
      this.reading = wanted
      this.link.read(wanted)
    }
    const endDue = this.peerEnded && (this.broken || !this.endTold)
    if (this.receptive && (this.held !== undefined || endDue)) this.revisit()
  }

  /** Has the loop look at it again, in a turn that follows soon. */
  revisit(): void {
    if (this.queued) return
    this.queued = true
    this.#keeper.revisit(this)
  }

  /** What comes while it cannot be delivered, but is not to be thrown away either. */
  hold(bytes: Buffer): void {
    this.held ??= []
    this.held.push(bytes)
  }

  /** When the next timeout is due; Infinity when none is set. */
  get dueAt(): number {
    if (this.phase === Phase.Lingering) return this.lingerUntil
    const { idleTimeout, writeTimeout } = this.limits
    const idle = idleTimeout > 0 ? this.touched + idleTimeout : Number.POSITIVE_INFINITY
    return this.blocked && writeTimeout > 0 ? Math.min(idle, this.progress + writeTimeout) : idle
  }

  input(bytes: Buffer): void {
    this.#keeper.input(this, bytes)
  }

  ended(): void {
    this.#keeper.ended(this)
  }

  failed(error: Error): void {
    this.#keeper.failed(this, error)
  }

  writable(): void {
    this.#keeper.writable(this)
  }

  expired(now: number): void {
    this.#keeper.expired(this, now)
  }
}
