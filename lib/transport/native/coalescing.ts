import { performance } from 'node:perf_hooks'
import { type Clock, systemClock } from '../../loop/clock.js'

/** Inputs in one measured window. */
const WINDOW = 1024
/** Inputs per millisecond from which a delay collects several. */
const BUSY = 64
/**
 * A peer that sends again within this many inputs is latency-bound: it waits for responses, and a delay would slow it
 * down.
 */
const PATIENCE = 32
/** The most inputs of latency-bound peers that a window may contain. */
const BORNE = WINDOW / 8
/** Inputs larger than this, in bytes, dwarf the cost of a turn. */
const SMALL = 4096
/** The share of its time that the loop must be idle. */
const SPARE = 0.07
/** Windows with delays before one without, which measures the idle time. */
const TRIAL = 32
/** Turns with at least this many inputs already share their cost. */
const FEW = 12
/** Microseconds. Linux turns them into 80, because of its timer slack of 50. */
const PAUSE = 30

/** A sender. Only `Coalescing` uses `heard`. */
export interface Peer {
  heard: number
}

export interface Times extends Pick<Clock, 'now'> {
  /** Milliseconds that the event loop has been idle so far. */
  idle(): number
}

const loopTimes: Times = {
  now: systemClock.now,
  idle: () => performance.eventLoopUtilization().idle,
}

/**
 * Decides whether to delay the next poll for a moment.
 *
 * A turn has a fixed cost, however little input it brings. When many peers keep the loop so busy that every poll finds
 * something, it pays that cost for every input. Letting a few inputs collect is cheaper, as with the interrupt
 * coalescing of network cards. No peer may pay for it with latency, so the loop delays only while
 *
 * - at least 64 inputs arrive in a millisecond, mostly small ones: next to a large input the cost of a turn is
 *   negligible, and a delay slows a stream by more than its length, because TCP paces itself by the responses;
 * - almost none comes from a peer that was heard within the last 32 inputs. By Little's law, the round trips of the
 *   others take as long as 32 inputs or more: a delay is a small part of that, and the inputs of other peers fill it;
 * - the loop has idle time, measured without delays: it is faster than its peers.
 *
 * So a single peer never waits, nor do a few peers, nor many that rarely send, nor the peers of a saturated loop.
 */
export class Coalescing {
  readonly #times: Times
  /** Counts inputs; it may wrap. */
  #clock = 0
  /** The value of `#clock` at the start of the turn and of the window, and the time at the latter. */
  #turn = 0
  #window = 0
  #since: number
  #idle: number
  #impatient = 0
  #bytes = 0
  /** Windows left with delays. */
  #left = 0

  constructor(times: Times = loopTimes) {
    this.#times = times
    this.#since = times.now()
    this.#idle = times.idle()
  }

  input(peer: Peer, size: number): void {
    this.#clock = (this.#clock + 1) | 0
    if ((this.#clock - peer.heard) >>> 0 < PATIENCE) this.#impatient++
    peer.heard = this.#clock
    this.#bytes += size
  }

  /** Ends a turn and returns how many microseconds to delay the next poll, usually 0. */
  pause(): number {
    const inputs = (this.#clock - this.#turn) | 0
    const heard = (this.#clock - this.#window) | 0
    this.#turn = this.#clock
    if (heard >= WINDOW || this.#impatient > BORNE) this.#judge(heard)
    return this.#left > 0 && inputs > 0 && inputs < FEW ? PAUSE : 0
  }

  /** Ends a window. */
  #judge(heard: number): void {
    const now = this.#times.now()
    const idle = this.#times.idle()
    const length = now - this.#since
    const suitable = this.#impatient <= BORNE && heard >= length * BUSY && this.#bytes <= heard * SMALL
    if (!suitable) this.#left = 0
    else if (this.#left > 0) this.#left--
    else if (idle - this.#idle >= length * SPARE) this.#left = TRIAL
    this.#window = this.#clock
    this.#since = now
    this.#idle = idle
    this.#impatient = 0
    this.#bytes = 0
  }
}
