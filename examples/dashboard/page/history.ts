import type { LoopSample, Sample } from './message.js'

/** The activity of one loop, or of all, between two samples. Rates per second, times in milliseconds. */
export interface Rates {
  connections: number
  accepted: number
  bytesIn: number
  bytesOut: number
  pending: number
  events: number
  /** Share of the time spent in turns, 0 to 1; for all loops, that of the busiest. */
  busy: number
  /** Mean duration of a turn; null without turns. */
  meanTurn: number | null
  /** The longest turn of late. */
  recentTurn: number
  handshakes: number
  resumed: number
  handshakesFailed: number
}

export interface Point {
  /** Seconds since 1970. */
  readonly at: number
  readonly sample: Sample
  readonly loops: readonly Rates[]
  readonly total: Rates
}

/** The recent points. */
export class History {
  readonly points: Point[] = []
  readonly #kept: number
  #last: Sample | undefined

  constructor(kept: number) {
    this.#kept = kept
  }

  add(sample: Sample): void {
    const before = this.#last
    if (before !== undefined && before.at >= sample.at) return
    this.#last = sample
    if (before === undefined) return
    this.points.push(pointOf(before, sample))
    if (this.points.length > this.#kept) this.points.shift()
  }
}

function pointOf(before: Sample, sample: Sample): Point {
  const ms = sample.at - before.at
  const loops = sample.loops.map((now, index) => ratesOf(before.loops[index] ?? now, now, ms))
  const total = ratesOf(sumOf(before.loops), sumOf(sample.loops), ms)
  total.busy = Math.max(0, ...loops.map(({ busy }) => busy))
  return { at: sample.at / 1000, sample, loops, total }
}

function ratesOf(before: LoopSample, now: LoopSample, ms: number): Rates {
  const grown = (name: keyof LoopSample) => Math.max(0, now[name] - before[name])
  const rate = (name: keyof LoopSample) => (grown(name) / ms) * 1000
  return {
    connections: now.connections,
    pending: now.pending,
    recentTurn: now.recentTurn,
    accepted: rate('accepted'),
    bytesIn: rate('bytesIn'),
    bytesOut: rate('bytesOut'),
    events: rate('events'),
    handshakes: rate('handshakes'),
    resumed: rate('resumed'),
    handshakesFailed: rate('handshakesFailed'),
    // A turn counts when it ends, and may have started before the first sample.
    busy: Math.min(1, grown('busy') / ms),
    meanTurn: grown('turns') === 0 ? null : grown('busy') / grown('turns'),
  }
}

function sumOf(loops: readonly LoopSample[]): LoopSample {
  const sum = (name: keyof LoopSample) => loops.reduce((total, loop) => total + loop[name], 0)
  return {
    connections: sum('connections'),
    accepted: sum('accepted'),
    bytesIn: sum('bytesIn'),
    bytesOut: sum('bytesOut'),
    pending: sum('pending'),
    events: sum('events'),
    turns: sum('turns'),
    recentTurn: Math.max(0, ...loops.map(({ recentTurn }) => recentTurn)),
    busy: sum('busy'),
    handshakes: sum('handshakes'),
    resumed: sum('resumed'),
    handshakesFailed: sum('handshakesFailed'),
  }
}
