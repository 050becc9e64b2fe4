import { type Clock, moment } from './clock.js'

/** Something with a deadline. */
export interface Timed {
  /** When it is due, in the clock's milliseconds; Infinity for never. May change at any time. */
  readonly dueAt: number
  /** Runs when due, once per `watch`. */
  expired(now: number): void
  /** Internal to `Timeouts`: the deadline in the heap, and its index; -1 if not in the heap. */
  deadline: number
  timeoutIndex: number
}

/** The maximum of one timer; a later deadline takes several. */
const LONGEST_WAIT = 2 ** 31 - 1

/**
 * Deadlines of any number of connections on one timer: a binary heap, earliest first.
 *
 * Moving a deadline later costs nothing until the old one fires; moving it earlier requires another `watch`.
 *
 * If the timer fires late, for example after a slow handler, input that arrived in time may still be in the kernel.
 * So nothing expires before the loop has polled its sockets once more, and only entries due before that.
 */
export class Timeouts {
  readonly #clock: Clock
  readonly #heap: Timed[] = []
  #cancelTimer: (() => void) | undefined
  #timerDue = Number.POSITIVE_INFINITY
  /**
   * While entries expire: entries watched meanwhile are due later, so one that is due again at once can't block the
   * others.
   */
  #earliest = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `entry.expired` when it is due. */
  watch(entry: Timed): void {
    const due = Math.max(entry.dueAt, this.#earliest)
    if (due === Number.POSITIVE_INFINITY) return
    if (entry.timeoutIndex < 0) entry.timeoutIndex = this.#heap.push(entry) - 1
    else if (entry.deadline <= due) return
    entry.deadline = due
    this.#up(entry)
    this.#arm()
  }

  cancel(entry: Timed): void {
    const index = entry.timeoutIndex
    if (index < 0) return
    entry.timeoutIndex = -1
    const last = this.#heap.pop()
    if (last === undefined || last === entry) return
    this.#place(last, index)
    this.#up(last)
    this.#down(last)
  }

  /** Clears all entries. */
  close(): void {
    for (const entry of this.#heap) entry.timeoutIndex = -1
    this.#heap.length = 0
    this.#disarm()
  }

  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined || first.deadline >= this.#timerDue) return
    this.#disarm()
    this.#timerDue = first.deadline
    const wait = Math.min(Math.max(1, Math.ceil(first.deadline - this.#clock.now())), LONGEST_WAIT)
    this.#cancelTimer = this.#clock.timer(wait, () => this.#fire())
  }

  #disarm(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerDue = Number.POSITIVE_INFINITY
  }

  #fire(): void {
    this.#cancelTimer = undefined
    // Until it is done no timer is set.
    this.#timerDue = Number.NEGATIVE_INFINITY
    const now = this.#clock.now()
    const expire = () => {
      this.#earliest = moment(now + 1)
      while (this.#firstIsDue(now)) this.#expireFirst(now)
      this.#earliest = Number.NEGATIVE_INFINITY
      this.#timerDue = Number.POSITIVE_INFINITY
      this.#arm()
    }
    if (this.#firstIsDue(now)) this.#clock.soon(expire)
    else expire()
  }

  /** Moves deadlines that are now later to their place. */
  #firstIsDue(now: number): boolean {
    for (let first = this.#heap[0]; first !== undefined && first.deadline <= now; first = this.#heap[0]) {
      if (first.dueAt <= now) return true
      this.cancel(first)
      this.watch(first)
    }
    return false
  }

  #expireFirst(now: number): void {
    const first = this.#heap[0]
    if (first === undefined) return
    this.cancel(first)
    first.expired(now)
  }

  #up(entry: Timed): void {
    let index = entry.timeoutIndex
    while (index > 0) {
      const parent = this.#heap[(index - 1) >> 1]
      if (parent === undefined || parent.deadline <= entry.deadline) break
      const above = parent.timeoutIndex
      this.#place(parent, index)
      index = above
    }
    this.#place(entry, index)
  }

  #down(entry: Timed): void {
    let index = entry.timeoutIndex
    for (;;) {
      const left = this.#heap[2 * index + 1]
      const right = this.#heap[2 * index + 2]
      const child = right !== undefined && left !== undefined && right.deadline < left.deadline ? right : left
      if (child === undefined || child.deadline >= entry.deadline) break
      const below = child.timeoutIndex
      this.#place(child, index)
      index = below
    }
    this.#place(entry, index)
  }

  #place(entry: Timed, index: number): void {
    this.#heap[index] = entry
    entry.timeoutIndex = index
  }
}
