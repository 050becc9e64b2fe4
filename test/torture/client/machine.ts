import { readFileSync } from 'node:fs'

/** The age in milliseconds after which a sample is dropped. */
const MEMORY = 10_000

interface Sample {
  readonly at: number
  readonly held: number
}

/**
 * How long runnable processes had to wait for a core, as Linux counts it: on a busy machine, part of the wait for a
 * reply is the scheduler's. On other systems that is unknown, and nothing is subtracted.
 */
export class Machine {
  readonly #paths: readonly string[]
  #samples: Sample[] = []

  constructor(pids: readonly number[]) {
    this.#paths = process.platform === 'linux' ? pids.map(pid => `/proc/${pid}/schedstat`) : []
  }

  /** Must be called often: events between two samples can't be distinguished. */
  sample(): void {
    const at = performance.now()
    this.#samples.push({ at, held: this.#held() })
    if ((this.#samples[1]?.at ?? at) < at - MEMORY) this.#samples.shift()
  }

  /** Milliseconds since `since` in which one of the processes was waiting for a core. */
  heldSince(since: number): number {
    const before = this.#samples.findLast(({ at }) => at <= since) ?? this.#samples[0]
    return before === undefined ? 0 : this.#held() - before.held
  }

  /** Of all processes together. The second number is nanoseconds spent runnable but not running. */
  #held(): number {
    let sum = 0
    for (const path of this.#paths) {
      try {
        sum += Number(readFileSync(path, 'utf8').split(' ')[1]) / 1e6
      } catch {
        // The process has exited: it is waiting no more.
      }
    }
    return sum
  }
}
