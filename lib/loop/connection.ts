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

/** How often output that waits is looked at in its `writeTimeout`. */
const LOOKS = 8

/** What the connections of a loop share: the parts of the loop that they speak to. */
export interface ConnectionOwner {
  readonly time: TurnTime
  readonly dispatcher: {
    /** Delivers input. `lent`: the same input, where its memory is the loop's again after the handler. */
    data(connection: Connection, input: Buffer, lent: Buffer | undefined): void
    /** Tells that it speaks TLS now. */
    secured(connection: Connection): void
  }
  readonly closer: {
    /** Goes on with what the connection's state allows by now: its end above all. */
    advance(connection: Connection): void
    /** The link is broken. */
    broke(connection: Connection, failure: Error): void
    /** What was to make a layer threw. */
    layerFailed(connection: Connection, thrown: unknown): Error
    /** The peer of a connection that lingers has ended. */
    lingered(connection: Connection): void
  }
  readonly output: {
    /** Puts a connection among those to be written at the end of the turn. */
    mark(connection: Connection): void
  }
  readonly deadlines: {
    /** A time of the connection's is up, or may be. */
    expired(connection: Connection, now: number): void
  }
  readonly layerHost: LayerHost
  readonly counters: Counters
  /** The end of the loop was asked for: nothing is delivered any more. */
  ending(): boolean
  /** Looks at the connection again, in a turn that follows soon. */
  revisit(connection: Connection): void
}

/** One connection: what its link tells it, and the state that the loop keeps of it. */
export class Connection extends PendingOutput implements Receiver, Opening, Timed {
  readonly id: number
  /** The link to the wire, or the layer around it that is nearest to the program. */
  link: Link
  readonly transport: Transport
  readonly #owner: ConnectionOwner
  /** Its layers, the one nearest to the wire first. */
  #layers: LayeredLink[] | undefined
  /** What is known of it, or asks the system. */
  #info: Info | (() => Info)
  /** Its handlers run in it. */
  readonly scope: AsyncContext
  /** The handlers that the program gave for it. */
  given: Handlers<unknown>
  /** Those that are called: the same, or what these wrap. */
  handlers: Handlers<unknown>
  context: unknown
  limits: Limits
  /** What `closed` will be told. A handler's exception goes before all else. */
  error: Error | undefined
  threw = false
  /** It waited to be accepted when the end of the loop began: what it has sent by then is answered. */
  late = false

  // What holds its input back.
  /** `pause` was asked for. */
  paused = false
  /** Replies that were promised and are not there yet. */
  promises = 0
  /** Unsent output is above the high-water mark. */
  throttled = false
  /** Read from the transport and not delivered, because input was held back in between. */
  held: Buffer[] | undefined

  // Where it stands in the loop's lists.
  /** A wake was asked for. */
  woken = false
  /** That wake was asked for behind the peer's end, which `ended` is told first. */
  wokenLate = false
  /** The last wake's reply was promised, so that nothing was read meanwhile: input goes before the next wake. */
  inputFirst = false
  /** Among those to be looked at again after the turn. */
  queued = false
  /** Whether the transport has been asked for input. */
  #reading = true

  // Moments of the clock's; undefined for never.
  /** When a byte last went either way, and when one last came from the peer. */
  touched: number
  heard: number
  /** When output last made progress, or may have. */
  progress = 0
  /** When that was last looked at, and how many bytes the peer had not acknowledged then; undefined before the first look. */
  lookedAt = 0
  unacknowledged: number | undefined
  /** When `expired` is to run. */
  expiresAt: number | undefined
  /** When a connection that lingers, or is broken, is given up. */
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

  /** Hears of the wire: the connection itself, or the layer that is nearest to the wire. */
  get wire(): Receiver {
    return this.#layers?.[0]?.wire ?? this
  }

  /** Asked of the system when somebody first wants to know. */
  get info(): Info {
    if (typeof this.#info === 'function') this.#info = this.#info()
    return this.#info
  }

  /** Input may be delivered now. */
  get receptive(): boolean {
    return this.life === Life.Open && this.promises === 0 && !this.paused && !this.throttled
  }

  /**
   * Input is to be read. One that closes is read on, and what comes is thrown away, so that a peer which writes
   * before it reads can take the last of the output; one that is to be detached keeps its input for the new owner.
   */
  get wantsInput(): boolean {
    if (this.life === Life.Open) return this.receptive && this.held === undefined
    return this.life === Life.Lingering || this.life === Life.Closing
  }

  /** A wake waits for the input, or the end, that must not starve behind it. */
  get wakeWaits(): boolean {
    if (!this.receptive) return false
    if (this.wokenLate && this.inbound === Inbound.Ended) return true
    return this.inputFirst && (this.held !== undefined || (this.inbound === Inbound.Open && !this.#reading))
  }

  /** The peer's end is a handler's to answer, and does not close the connection. */
  get staysHalfOpen(): boolean {
    return this.limits.halfOpen && this.handlers.ended !== undefined
  }

  /** Only its end can still come: the peer is gone, or both sides have ended. Wakes are refused from now on. */
  get over(): boolean {
    if (this.outbound >= Outbound.Broken) return true
    if (this.inbound === Inbound.Open) return false
    return !this.staysHalfOpen || (this.inbound === Inbound.Delivered && this.outbound !== Outbound.Open)
  }

  /** What the end of an open connection, or the peer's end, waits for. Nothing else may keep a connection. */
  get kept(): boolean {
    if (this.promises > 0) return !(this.limits.closeOnBreak && this.outbound === Outbound.Broken)
    if (this.woken && !this.wokenLate) return true
    // A pause holds the peer's end back, but not what is broken: nobody could answer, whatever was still delivered.
    if (this.outbound === Outbound.Broken) {
      return !this.paused && (this.held !== undefined || this.inbound === Inbound.Open)
    }
    return this.paused || this.held !== undefined
  }

  /** Nothing more comes from the peer, and the last bytes of a layer have gone. */
  get settled(): boolean {
    return this.inbound !== Inbound.Open && this.link.ending !== true
  }

  /** Bytes that have been taken and may be refused after all. */
  get unconfirmed(): number {
    return this.link.unconfirmed ?? 0
  }

  /** Reads from the peer or stops reading, as the connection's state asks for. */
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

  /** Has the loop look at it again, in a turn that follows soon. */
  revisit(): void {
    if (this.queued) return
    this.queued = true
    this.#owner.revisit(this)
  }

  /** When the next of its times is up; Infinity when none is set. */
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

  /** When unsent output is looked at: now and then before its time is up, where the system says what the peer takes. */
  get writeDue(): number {
    const { writeTimeout } = this.limits
    const due = this.progress + writeTimeout
    const tells = this.link.unacknowledged !== undefined && this.unacknowledged !== Number.POSITIVE_INFINITY
    return tells ? Math.min(due, this.lookedAt + writeTimeout / LOOKS) : due
  }

  /** Output has made progress, or begins to wait. */
  progressed(now: number): void {
    this.progress = moment(now)
    this.lookedAt = this.progress
    this.unacknowledged = undefined
  }

  /** Output waits for the peer to take it, or for a layer to let go of it. */
  get unwritten(): boolean {
    return this.blocked || this.unconfirmed > 0
  }

  /** Goes on with other handlers. */
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

  /** What a layer has made of itself takes its place: the link below, or another layer around that. */
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

  /** A byte of the peer's came, or is delivered after it was held back. */
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
    // A handler that still runs when the loop is to end may ask for Detach, so nothing that comes then is lost.
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
    // A layer tells of bytes that the wire has taken since.
    if (this.link.unconfirmed !== undefined) this.progressed(this.#owner.time.now)
    this.#owner.output.mark(this)
  }

  expired(now: number): void {
    this.#owner.deadlines.expired(this, now)
  }
}
