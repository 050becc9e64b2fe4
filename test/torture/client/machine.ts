import { readFileSync } from 'node:fs'

/** How long ago a sample may lie, in milliseconds, before it is forgotten. */
const MEMORY = 10_000

interface Sample {
  readonly at: number
  readonly held: number
}

/**
 * How long the machine has kept processes waiting that could have run, as Linux counts it: with more to do than cores,
 * a wait for an answer is partly the scheduler's. Elsewhere nothing is known, and nothing is discounted.
 */
export class Machine {
  readonly #paths: readonly string[]
  #samples: Sample[] = []

  constructor(pids: readonly number[]) {
    this.#paths = process.platform === 'linux' ? pids.map(pid => `/proc/${pid}/schedstat`) : []
  }

  /** To be called often: what happened between two samples is not told apart. */
  sample(): void {
    const at = performance.now()
    this.#samples.push({ at, held: this.#held() })
    if ((this.#samples[1]?.at ?? at) < at - MEMORY) this.#samples.shift()
  }

  /** Milliseconds since `since` in which one of the processes was kept waiting. */
  heldSince(since: number): number {
    const before = this.#samples.findLast(({ at }) => at <= since) ?? this.#samples[0]
    return before === undefined ? 0 : this.#held() - before.held
  }

  /** Of all processes together. The second number is nanoseconds spent ready to run and not running. */
  #held(): number {
    let sum = 0
    for (const path of this.#paths) {
      try {
        sum += Number(readFileSync(path, 'utf8').split(' ')[1]) / 1e6
      } catch {
        // The process has gone: it is held up no more.
      }
    }
    return sum
  }
}
