import type { Server, Stats } from 'revio'
import type { ProcessMemory } from './memory.js'
import type { LoopSample, Sample } from './page/message.js'

/** Milliseconds between samples, and the number of samples kept: two minutes. */
export const INTERVAL = 500
export const KEPT = 240

/** The server that the dashboard watches: one loop, or several. */
export type Watched = Pick<Server, 'addresses' | 'loops' | 'transport' | 'stats'>

/** Samples a running server and keeps the recent samples. */
export class Sampler {
  readonly samples: Sample[] = []
  readonly #watched: Watched
  readonly #memory: ProcessMemory

  constructor(watched: Watched, memory: ProcessMemory) {
    this.#watched = watched
    this.#memory = memory
  }

  take(): Sample {
    const sample = {
      at: Date.now(),
      uptime: process.uptime(),
      ...this.#memory.now(),
      loops: Array.from({ length: this.#watched.loops }, (_, loop) => shown(this.#watched.stats({ loop }))),
    }
    this.samples.push(sample)
    if (this.samples.length > KEPT) this.samples.shift()
    return sample
  }
}

function shown(stats: Stats): LoopSample {
  const { connections, accepted, bytesIn, bytesOut, pending, events, turns, recentTurn, busy } = stats
  const { handshakes, resumed, handshakesFailed } = stats
  return {
    ...{ connections, accepted, bytesIn, bytesOut, pending, events, turns, recentTurn, busy },
    ...{ handshakes, resumed, handshakesFailed },
  }
}
