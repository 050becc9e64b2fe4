const PARTS = 64

/**
 * Counts latencies in buckets whose width is 1/64 of their value, so that memory does not grow with the number of
 * values and every percentile is within 1.6 %.
 */
export class Histogram {
  readonly #counts = new Float64Array(64 * PARTS)
  #total = 0

  /** Adds a value `times` times: an integer of any unit, from 0 to 2^53. */
  record(value: number, times = 1): void {
    const bucket = bucketOf(value)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times
    this.#total += times
  }

  /** The value that `share` (0 to 1) of all values do not exceed; 0 if there are none. */
  percentile(share: number): number {
    let left = Math.ceil(share * this.#total)
    if (left === 0) return 0
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return middleOf(bucket)
    }
    return Number.NaN
  }
}

/** Up to 64 each value has its own bucket; above, each power of two is divided into 64. */
function bucketOf(value: number): number {
  if (value < PARTS) return Math.max(0, Math.floor(value))
  const power = Math.floor(Math.log2(value))
  return (power - 5) * PARTS + Math.floor((value / 2 ** power - 1) * PARTS)
}

function middleOf(bucket: number): number {
  if (bucket < PARTS) return bucket
  const power = Math.floor(bucket / PARTS) + 5
  return Math.floor(2 ** power * (1 + ((bucket % PARTS) + 0.5) / PARTS))
}
