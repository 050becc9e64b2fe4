import { performance } from 'node:perf_hooks'
import { type Clock, systemClock } from '../../loop/clock.js'

/** Inputs that are looked at together. */
const WINDOW = 1024
/** Inputs in a millisecond from which on several of them gather in a pause. */
const BUSY = 64
/** A peer that is back before so many inputs of others is impatient: it waits for answers, and would for the pause. */
const PATIENCE = 32
/** As many impatient inputs of a window are borne. */
const BORNE = WINDOW / 8
/** Bytes of an input up to which the price of a turn is worth saving. */
const SMALL = 4096
/** The share of its time that the loop has to spare. */
const SPARE = 0.07
/** Windows with pauses before one without. */
const TRIAL = 32
/** Inputs of a turn from which on its price is shared by enough of them. */
const FEW = 12
/** Microseconds. Linux makes them 80, adding the 50 of its timer slack. */
const PAUSE = 30

/** Whoever sends. `heard` is for `Coalescing` alone. */
export interface Peer {
  heard: number
}

export interface Times extends Pick<Clock, 'now'> {
  /** Milliseconds in which the event loop has had nothing to do, so far. */
  idle(): number
}

const loopTimes: Times = {
  now: systemClock.now,
  idle: () => performance.eventLoopUtilization().idle,
}

/**
 * Whether to hold back the next poll for a moment.
 *
 * A turn has a price of its own, however little it brings. When many peers keep the loop busy so that there is something
 * for it as soon as it polls, it pays that price for every input. Letting some gather costs less, as with the interrupts
 * that network cards hold back. Nobody is to pay for it by waiting for an answer, so that it is done only while
 *
 * - at least 64 inputs come in a millisecond, mostly small ones: of larger ones the price of a turn is no great part, and
 *   a stream of them is held up by more than the pause, as TCP takes its speed from the answers;
 * - hardly one is of a peer that was heard within the last 32 inputs. By Little's law the round trips of the others take
 *   the time of 32 inputs or more: a pause is a small part of that, and the others' inputs fill it;
 * - the loop has time to spare, looked at without pauses: it is faster than its peers.
 *
 * So a peer alone never waits, nor do a few, nor many that are seldom heard, nor those of a loop that has its hands full.
 */
export class Coalescing {
  readonly #times: Times
  /** Counts inputs; it may wrap. */
  #clock = 0
  /** Where the turn began, and the window; and when that was. */
  #turn = 0
  #window = 0
  #since: number
  #idle: number
  #impatient = 0
  #bytes = 0
  /** Windows to come with pauses. */
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

  /** A turn ends: how many microseconds to wait before the next poll, mostly 0. */
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
