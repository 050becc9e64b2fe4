/** The results of several rounds: their median and range. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** For an even number of values, the mean of the two middle ones. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/**
 * The ratios of `values` to `base`, round by round: two measurements close in time saw the same machine, so their
 * ratio is steadier than a ratio of medians. Leaves out rounds that only one of them has.
 */
export function ratios(values: readonly number[], base: readonly number[]): Spread | undefined {
  const pairs = Math.min(values.length, base.length)
  if (pairs === 0) return undefined
  return spread(
    Array.from({ length: pairs }, (_, round) => (values[round] ?? 0) / (base[round] ?? Number.NaN)),
  )
}
