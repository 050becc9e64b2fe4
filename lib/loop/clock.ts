/**
 * Where the loop gets its time from. It never asks the system itself, so that a simulator can move time.
 */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number
  /** Runs `run` once, `ms` from now. The returned function takes that back. */
  timer(ms: number, run: () => void): () => void
  /** Runs `run` soon: after what is running now, before the loop waits for sockets again. */
  soon(run: () => void): void
}

/** The time, asked for only when somebody wants to know and it has passed since: asking costs as much as a small reply. */
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

  /** A turn begins, or handlers have run: what was asked before is not the time any more. */
  pass(): void {
    this.#passed = true
  }
}

/** A moment as a connection keeps it: a whole number takes no memory of its own, and later by a part of one is no harm. */
export function moment(time: number): number {
  return Math.ceil(time)
}

/** What a timer of Node's can wait for: longer ones would run at once. In milliseconds. */
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
