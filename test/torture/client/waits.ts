import type { Waits } from '../messages.js'
import type { Machine } from './machine.js'

/** Buckets per doubling: percentiles are accurate to 5 %. */
const PARTS = 16
/** Milliseconds between samples of the machine. */
const LOOK = 10
/** Milliseconds; shorter waits are not attributed. */
const REMARKABLE = 20
/** What accumulates while the machine keeps a process waiting takes about as long again to process. */
const CATCH_UP = 2

/** The durations of replies, in microseconds. Memory does not grow with their number. */
export class WaitCounter {
  readonly #machine: Machine
  readonly #counts = new Float64Array(64 * PARTS)
  #count = 0
  #longest = 0
  #longestBare = 0

  constructor(machine: Machine) {
    this.#machine = machine
    setInterval(() => machine.sample(), LOOK).unref()
  }

  /** The reply to the request at `since` has arrived. */
  answered(since: number): void {
    const wait = performance.now() - since
    const held = wait < REMARKABLE ? 0 : this.#machine.heldSince(since)
    const bucket = Math.floor(Math.log2(Math.max(1, wait * 1000)) * PARTS)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count++
    this.#longest = Math.max(this.#longest, wait)
    this.#longestBare = Math.max(this.#longestBare, wait - CATCH_UP * held)
  }

  result(): Waits {
    return {
      count: this.#count,
      median: this.#percentile(0.5),
      p99: this.#percentile(0.99),
      longest: Math.round(this.#longest * 1000),
      longestBare: Math.round(this.#longestBare * 1000),
    }
  }

  #percentile(share: number): number {
    let left = Math.ceil(share * this.#count)
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return Math.round(2 ** ((bucket + 0.5) / PARTS))
    }
    return 0
  }
}
