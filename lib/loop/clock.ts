/** A loop's source of time. Loops never query the system directly, so that a simulator can control time. */
export interface Clock {
  /** Milliseconds since an arbitrary moment; monotonic. */
  now(): number
  /** Runs `run` once, `ms` from now. The returned function cancels it. */
  timer(ms: number, run: () => void): () => void
  /** Runs `run` soon: after the current code, before the loop waits for sockets again. */
  soon(run: () => void): void
}

/** Caches the time until it may have changed: querying it costs as much as a small reply. */
export class TurnTime {
  readonly #clock: Clock
  #now = 0
  #passed = true

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get now(): number {
    if (this.#passed) this.#now = this.#clock.now()
    this.#passed = false
    return this.#now
  }

  /** Invalidates the cached time, at the start of a turn and after handlers. */
  pass(): void {
    this.#passed = true
  }
}

/** A connection stores times as integers, which need no allocation; rounding up is harmless. */
export function moment(time: number): number {
  return Math.ceil(time)
}

/** The maximum of Node's timers, in milliseconds; longer delays would fire at once. */
const LONGEST = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  timer(ms, run) {
    let handle: NodeJS.Timeout | undefined
    const wait = (left: number) => {
      handle = setTimeout(() => (left > LONGEST ? wait(left - LONGEST) : run()), Math.min(left, LONGEST))
    }
    wait(ms)
    return () => clearTimeout(handle)
  },
  soon(run) {
    setImmediate(run)
  },
}
