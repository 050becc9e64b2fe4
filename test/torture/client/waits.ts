import type { Waits } from '../messages.js'

/** Buckets to each doubling: percentiles are right to 5 %. */
const PARTS = 16
/** Milliseconds between looks at the own timer. */
const LOOK = 10

/** How long answers took, in microseconds. Memory does not grow with their number. */
export class WaitCounter {
  readonly #counts = new Float64Array(64 * PARTS)
  #count = 0
  #longest = 0
  #late = 0

  record(microseconds: number): void {
    const bucket = Math.floor(Math.log2(Math.max(1, microseconds)) * PARTS)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count++
    this.#longest = Math.max(this.#longest, microseconds)
  }

  /** Watches from now on how late this process's own timer comes. */
  watchTimer(): void {
    let last = performance.now()
    setInterval(() => {
      const now = performance.now()
      this.#late = Math.max(this.#late, (now - last - LOOK) * 1000)
      last = now
    }, LOOK).unref()
  }

  result(): Waits {
    return {
      count: this.#count,
      median: this.#percentile(0.5),
      p99: this.#percentile(0.99),
      longest: Math.round(this.#longest),
      late: Math.round(this.#late),
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
