import type { Quiet, ServerCounts, Waits } from '../messages.js'
import type { Transport } from '../options.js'
import type { Plan } from './plan.js'

/** The findings of a run. */
export interface Outcome {
  readonly transport: Transport
  readonly plan: Plan
  readonly seconds: number
  readonly judged: number
  /** Checked in both directions. */
  readonly bytes: number
  readonly resets: number
  readonly killed: number
  readonly turnedAway: number
  readonly counts: ServerCounts
  readonly waits: Waits
  /** How long a free descriptor was not used while clients waited. */
  readonly room: Waits
  /** Without connections: at the start, after the first round, after the last one. */
  readonly before: Quiet
  readonly first: Quiet
  readonly last: Quiet
  readonly violations: readonly string[]
}

/** The visible progress of a run. */
export interface Glimpse {
  readonly transport: Transport
  readonly seconds: number
  readonly round: number
  readonly rounds: number
  readonly opened: number
  readonly bytes: number
  readonly resets: number
  readonly violations: number
}

export const NO_WAITS: Waits = { count: 0, median: 0, p99: 0, longest: 0, longestBare: 0 }

/** The worst of two rounds. */
export function worseOf(one: Waits, other: Waits): Waits {
  return {
    count: one.count + other.count,
    median: Math.max(one.median, other.median),
    p99: Math.max(one.p99, other.p99),
    longest: Math.max(one.longest, other.longest),
    longestBare: Math.max(one.longestBare, other.longestBare),
  }
}
