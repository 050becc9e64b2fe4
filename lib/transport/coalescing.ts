/** Inputs that are looked at before the next such number is. */
const WINDOW = 512
/** Inputs in a millisecond from which on several of them gather in a pause. */
const BUSY = 64
/** A peer that is back before so many inputs of others is impatient: it waits for answers, and would for the pause. */
const PATIENCE = 32
/** As many impatient inputs of a window are borne. */
const BORNE = WINDOW / 8
/** Inputs of a turn from which on its price is shared by enough of them. */
const FEW = 12
/** Microseconds. Linux makes them 80, adding the 50 of its timer slack. */
const PAUSE = 30

/** Whoever sends. `heard` is for `Coalescing` alone. */
export interface Peer {
  heard: number
}

/**
 * Whether to hold back the next poll for a moment.
 *
 * A turn has a price of its own, however little it brings. When many peers keep the loop so busy that there is something
 * for it as soon as it polls, it pays that price for every input. Letting some gather costs less, as with the interrupts
 * that network cards hold back. Nobody is to pay for it by waiting for an answer, so that it is done only while
 *
 * - at least 64 inputs come in a millisecond, and
 * - hardly one is of a peer that was heard within the last 32 inputs. By Little's law the round trips of the others take
 *   the time of 32 inputs or more: a pause is a small part of that, and the others' inputs fill it.
 *
 * So a peer alone never waits, nor do a few, nor many that are seldom heard.
 */
export class Coalescing {
  readonly #now: () => number
  /** Counts inputs; it may wrap. */
  #clock = 0
  /** Where the turn began, and the window, and when that was. */
  #turn = 0
  #window = 0
  #since: number
  #impatient = 0
  #worthwhile = false

  /** @param now - Milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#since = now()
  }

  input(peer: Peer): void {
    this.#clock = (this.#clock + 1) | 0
    if ((this.#clock - peer.heard) >>> 0 < PATIENCE) this.#impatient++
    peer.heard = this.#clock
  }

  /** A turn ends: how many microseconds to wait before the next poll, mostly 0. */
  pause(): number {
    const inputs = (this.#clock - this.#turn) | 0
    this.#turn = this.#clock
    if (this.#impatient > BORNE) this.#judge(false)
    else if (((this.#clock - this.#window) | 0) >= WINDOW) this.#judge(this.#isBusy())
    return this.#worthwhile && inputs > 0 && inputs < FEW ? PAUSE : 0
  }

  #isBusy(): boolean {
    return ((this.#clock - this.#window) | 0) >= (this.#now() - this.#since) * BUSY
  }

  #judge(worthwhile: boolean): void {
    this.#worthwhile = worthwhile
    this.#window = this.#clock
    this.#since = this.#now()
    this.#impatient = 0
  }
}
