import { Buffer } from 'node:buffer'
import type { Handlers } from '../events.js'
import type { Info } from '../info.js'
import type { LayeredLink, LayerHost, MakeLayer, Opening } from '../transport/layering.js'
import type { Link, Receiver, Transport } from '../transport/transport.js'
import type { AsyncContext } from './async-context.js'
import { moment, type TurnTime } from './clock.js'
import { Count, type Counters } from './counters.js'
import type { Limits } from './limits.js'
import { PendingOutput } from './pending-output.js'
import { Inbound, Life, Outbound } from './state.js'
import type { Timed } from './timeouts.js'

/** How often per `writeTimeout` unsent output is checked. */
const LOOKS = 8

/** The parts of the loop that its connections call. */
export interface ConnectionOwner {
  readonly time: TurnTime
  readonly dispatcher: {
    /** Delivers input. `lent`: the same input, if the loop reuses its memory after the handler. */
    data(connection: Connection, input: Buffer, lent: Buffer | undefined): void
    /** The connection now uses TLS. */
    secured(connection: Connection): void
  }
  readonly closer: {
    /** Takes the next steps that the connection's state allows, above all towards its end. */
    advance(connection: Connection): void
    /** The link is broken. */
    broke(connection: Connection, failure: Error): void
    /** The layer failed to construct. */
    layerFailed(connection: Connection, thrown: unknown): Error
    /** A lingering connection's peer has ended. */
    lingered(connection: Connection): void
  }
  readonly output: {
    /** Adds a connection to those to be written at the end of the turn. */
    mark(connection: Connection): void
  }
  readonly deadlines: {
    /** One of the connection's times is up, or may be. */
    expired(connection: Connection, now: number): void
  }
  readonly layerHost: LayerHost
  readonly counters: Counters
  /** A shutdown was requested: nothing is delivered any more. */
  ending(): boolean
  /** Schedules another look at the connection, in a turn that follows soon. */
  revisit(connection: Connection): void
}

/** A connection: receives its link's events, and holds the loop's state for it. */
export class Connection extends PendingOutput implements Receiver, Opening, Timed {
  readonly id: number
  /** The link to the wire, or the outermost layer around it, nearest to the program. */
  link: Link
  readonly transport: Transport
  readonly #owner: ConnectionOwner
  /** Its layers, nearest to the wire first. */
  #layers: LayeredLink[] | undefined
  /** Its `Info`, or a function that asks the system for it. */
  #info: Info | (() => Info)
  /** The async context of its handlers. */
  readonly scope: AsyncContext
  /** The handlers that the program passed. */
  given: Handlers<unknown>
  /** The handlers that are called: the same, or those that these wrap. */
  handlers: Handlers<unknown>
  context: unknown
  limits: Limits
  /** The error for `closed`. A handler's exception takes precedence. */
  error: Error | undefined
  threw = false
  /** It was in the accept queue when the shutdown began: what it has sent by then is answered. */
  late = false

  // Reasons to hold its input back.
  /** `pause` was called. */
  paused = false
  /** Promised replies outstanding. */
  promises = 0
  /** Unsent output exceeds the high-water mark. */
  throttled = false
  /** Read from the transport, but not delivered because input was then held back. */
  held: Buffer[] | undefined

  // Its memberships in the loop's lists.
  /** A wake was requested. */
  woken = false
  /** That wake was requested after the peer's end, so `ended` comes first. */
  wokenLate = false
  /** The last wake's reply was promised, so nothing was read meanwhile: input precedes the next wake. */
  inputFirst = false
  /** Scheduled for another look after the turn. */
  queued = false
  /** The transport is reading input. */
  #reading = true

  // Times of the loop's clock; undefined for never.
  /** Last byte in either direction, and last byte from the peer. */
  touched: number
  heard: number
  /** Last possible progress of output. */
  progress = 0
  /** Last check of that, and the bytes the peer had not acknowledged then; undefined before the first check. */
  lookedAt = 0
  unacknowledged: number | undefined
  /** When `expired` is due. */
  expiresAt: number | undefined
  /** When a lingering or broken connection is given up. */
  endsAt: number | undefined
  deadline = 0
  timeoutIndex = -1

  constructor(
    owner: ConnectionOwner,
    made: {
      readonly id: number
      readonly link: Link
      readonly transport: Transport
      readonly scope: AsyncContext
      readonly handlers: Handlers<unknown>
      readonly context: unknown
      readonly limits: Limits
      readonly info: () => Info
    },
  ) {
    super()
    this.#owner = owner
    this.id = made.id
    this.link = made.link
    this.transport = made.transport
    this.scope = made.scope
    this.given = made.handlers
    this.handlers = made.handlers
    this.context = made.context
    this.limits = made.limits
    this.#info = made.info
    this.touched = moment(owner.time.now)
    this.heard = this.touched
  }

  /** Receives the wire's events: the connection itself, or the layer nearest to the wire. */
  get wire(): Receiver {
    return this.#layers?.[0]?.wire ?? this
  }

  /** Queried from the system on first use. */
  get info(): Info {
    if (typeof this.#info === 'function') this.#info = this.#info()
    return this.#info
  }

  /** Whether input may be delivered now. */
  get receptive(): boolean {
    return this.life === Life.Open && this.promises === 0 && !this.paused && !this.throttled
  }

  /**
   * Whether to read input. A closing connection still reads and discards it, so that a peer that writes before it
   * reads can receive the last output; a detaching one leaves its input for the new owner.
   */
  get wantsInput(): boolean {
    if (this.life === Life.Open) return this.receptive && this.held === undefined
    return this.life === Life.Lingering || this.life === Life.Closing
  }

  /** Whether a wake waits for input, or the end, which it must not starve. */
  get wakeWaits(): boolean {
    if (!this.receptive) return false
    if (this.wokenLate && this.inbound === Inbound.Ended) return true
    return this.inputFirst && (this.held !== undefined || (this.inbound === Inbound.Open && !this.#reading))
  }

  /** Whether a handler answers the peer's end, which then doesn't close the connection. */
  get staysHalfOpen(): boolean {
    return this.limits.halfOpen && this.handlers.ended !== undefined
  }

  /** Whether only the end can follow: the peer is gone, or both sides have ended. Wakes are then rejected. */
  get over(): boolean {
    if (this.outbound >= Outbound.Broken) return true
    if (this.inbound === Inbound.Open) return false
    return !this.staysHalfOpen || (this.inbound === Inbound.Delivered && this.outbound !== Outbound.Open)
  }

  /**
   * Everything that the end of an open connection, or the peer's end, waits for. Nothing else may keep a connection.
   */
  get kept(): boolean {
    if (this.promises > 0) return !(this.limits.closeOnBreak && this.outbound === Outbound.Broken)
    if (this.woken && !this.wokenLate) return true
    // A pause holds the peer's end back, but not a broken connection's: nothing could answer, whatever was still
    // delivered.
    if (this.outbound === Outbound.Broken) {
      return !this.paused && (this.held !== undefined || this.inbound === Inbound.Open)
    }
    return this.paused || this.held !== undefined
  }

  /** Whether nothing more comes from the peer, and a layer's last bytes have gone. */
  get settled(): boolean {
    return this.inbound !== Inbound.Open && this.link.ending !== true
  }

  /** Bytes accepted that may still be rejected. */
  get unconfirmed(): number {
    return this.link.unconfirmed ?? 0
  }

  /** Starts or stops reading, according to the connection's state. */
  regulate(): void {
    this.throttled = this.unsent > this.limits.highWaterMark
    const wanted = this.wantsInput
    if (wanted !== this.#reading && this.inbound === Inbound.Open) {
      this.#reading = wanted
      this.link.read(wanted)
    }
    if (this.life !== Life.Open || (this.untouched && this.held === undefined)) return
    const due = this.over || this.inbound === Inbound.Ended ? !this.kept : false
    if (due || (this.held !== undefined && this.receptive)) this.revisit()
  }

  /** Schedules another look by the loop, in a turn that follows soon. */
  revisit(): void {
    if (this.queued) return
    this.queued = true
    this.#owner.revisit(this)
  }

  /** When the next of its times is up; Infinity for never. */
  get dueAt(): number {
    const ends = this.endsAt ?? Number.POSITIVE_INFINITY
    if (this.life === Life.Lingering) return ends
    const { idleTimeout, readTimeout, writeTimeout } = this.limits
    let due = this.life === Life.Open && this.expiresAt !== undefined ? Math.min(this.expiresAt, ends) : ends
    if (idleTimeout > 0) due = Math.min(due, this.touched + idleTimeout)
    if (readTimeout > 0 && this.inbound === Inbound.Open) due = Math.min(due, this.heard + readTimeout)
    if (writeTimeout > 0 && this.unwritten) due = Math.min(due, this.writeDue)
    return due
  }

  /** Unsent output is checked several times per `writeTimeout`, if the system reports what the peer acknowledges. */
  get writeDue(): number {
    const { writeTimeout } = this.limits
    const due = this.progress + writeTimeout
    const tells = this.link.unacknowledged !== undefined && this.unacknowledged !== Number.POSITIVE_INFINITY
    return tells ? Math.min(due, this.lookedAt + writeTimeout / LOOKS) : due
  }

  /** Output has made progress, or starts to wait. */
  progressed(now: number): void {
    this.progress = moment(now)
    this.lookedAt = this.progress
    this.unacknowledged = undefined
  }

  /** Whether output waits for the peer or a layer. */
  get unwritten(): boolean {
    return this.blocked || this.unconfirmed > 0
  }

  /** Switches to other handlers. */
  follow(handlers: Handlers<unknown>): void {
    this.given = handlers
    this.handlers = handlers
  }

  layer(make: MakeLayer): Error | undefined {
    const { link } = this
    try {
      const layered = make(link, this.#owner.layerHost)
      if (layered === undefined) return undefined
      const below = this.#layers?.at(-1)
      layered.receiver = this
      if (below === undefined) link.receiver = layered.wire
      else below.receiver = layered.wire
      this.#layers = [...(this.#layers ?? []), layered]
      this.link = layered
      return undefined
    } catch (thrown) {
      return this.#owner.closer.layerFailed(this, thrown)
    }
  }

  /** A layer's replacement: the link below it, or another layer around that. */
  relayer(link: Link, layer: LayeredLink | undefined): void {
    const below = this.#layers?.slice(0, -1) ?? []
    this.#layers = layer === undefined ? below : [...below, layer]
    this.link = link
    link.receiver = this
    if (!this.#reading) link.read(false)
    this.#info = { ...this.info, tls: link.tls }
    this.writable()
    this.#owner.dispatcher.secured(this)
  }

  /** A byte arrived from the peer, or is delivered after being held back. */
  hears(): void {
    this.touched = moment(this.#owner.time.now)
    this.heard = this.touched
  }

  // What the link tells. ////////////////////////////////////////////////////////////////////////////////////////////

  input(bytes: Buffer): void {
    const { limits } = this
    this.#owner.counters.add(Count.bytesIn, bytes.length)
    if (limits.idleTimeout > 0 || limits.readTimeout > 0) this.hears()
    if (this.life !== Life.Open && this.life !== Life.Detaching) return
    const shared = this.transport.sharesInput && this.link.ownsInput !== true
    // A handler that still runs when a shutdown begins may return Detach, so input that arrives then is kept.
    if (!this.receptive || this.held !== undefined || (this.#owner.ending() && !this.late)) {
      this.held ??= []
      this.held.push(shared ? Buffer.from(bytes) : bytes)
    } else if (shared && !limits.reuseInputBuffer) {
      this.#owner.dispatcher.data(this, Buffer.from(bytes), undefined)
    } else this.#owner.dispatcher.data(this, bytes, limits.reuseInputBuffer ? bytes : undefined)
  }

  ended(): void {
    this.peerEnds()
    if (this.life === Life.Lingering || !this.#owner.ending()) this.#owner.closer.advance(this)
  }

  failed(error: Error): void {
    this.peerEnds()
    if (this.life === Life.Lingering) return this.#owner.closer.lingered(this)
    this.#owner.closer.broke(this, error)
    this.#owner.closer.advance(this)
  }

  writable(): void {
    if (this.life === Life.Lingering) this.#owner.closer.advance(this)
    if (this.life === Life.Gone || this.outbound >= Outbound.Broken) return
    this.blocked = false
    // A layer reports bytes that the wire has accepted since.
    if (this.link.unconfirmed !== undefined) this.progressed(this.#owner.time.now)
    this.#owner.output.mark(this)
  }

  expired(now: number): void {
    this.#owner.deadlines.expired(this, now)
  }
}
