import type { TortureOptions } from '../options.js'

/** How many connections there are, of which kind, and for how long. */
export interface Plan {
  readonly rounds: number
  /** Milliseconds. */
  readonly round: number
  /** The server's limit of descriptors. */
  readonly descriptors: number
  readonly steady: number
  /** Of each client process. */
  readonly rough: readonly number[]
  /** Of the client process that is killed and replaced repeatedly. */
  readonly mortal: number
  /** Simultaneously, in a storm. */
  readonly storm: number
  /** Connections with one request each, in a round, of each client process. */
  readonly short: readonly number[]
}

/** The descriptors of a server process besides its connections, including listeners. */
const OWN_DESCRIPTORS = 48
const ROUND = 20_000
/** With one request each, in a round, and how many at once in each client process. */
const SHORT_ROUND = 50_000
const SHORT_PROCESSES = 2
export const SHORT_AT_ONCE = 50

/**
 * A fifth of the connections are well-behaved, half are not, a fifth vanish; storms come on top and exceed the limit.
 */
export function planOf({ seconds, connections, short }: TortureOptions): Plan {
  if (short > 0) return planShort(short)
  const rounds = Math.max(2, Math.round((seconds * 1000) / ROUND))
  const rough = Math.ceil(connections * 0.3)
  return {
    rounds,
    round: (seconds * 1000) / rounds,
    descriptors: OWN_DESCRIPTORS + connections,
    steady: Math.ceil(connections * 0.2),
    rough: [rough, rough],
    mortal: Math.ceil(connections * 0.2),
    storm: Math.ceil(connections * 0.75),
    short: [],
  }
}

function planShort(total: number): Plan {
  const rounds = Math.max(2, Math.ceil(total / SHORT_ROUND))
  const each = Math.ceil(total / rounds / SHORT_PROCESSES)
  return {
    rounds,
    round: Number.POSITIVE_INFINITY,
    descriptors: OWN_DESCRIPTORS + 4 * SHORT_PROCESSES * SHORT_AT_ONCE,
    steady: 0,
    rough: [],
    mortal: 0,
    storm: 0,
    short: Array.from({ length: SHORT_PROCESSES }, () => each),
  }
}
