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

/** The time of the turn that runs. The clock is asked once a turn, as asking costs as much as a small reply. */
export class TurnTime {
  now: number
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
    this.now = clock.now()
  }

  renew(): void {
    this.now = this.#clock.now()
  }
}

export const systemClock: Clock = {
  now: () => performance.now(),
  timer(ms, run) {
    const handle = setTimeout(run, ms)
    return () => clearTimeout(handle)
  },
  soon(run) {
    setImmediate(run)
  },
}
