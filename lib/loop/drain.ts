import type { Clock } from './clock.js'

/** What draining needs from its loop. */
export interface DrainOptions {
  readonly clock: Clock
  /** Connections are open or in progress. */
  readonly busy: () => boolean
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
  /** Releases the listeners; connections in their queues are accepted. */
  readonly release: () => void
  /** Starts the shutdown proper. */
  readonly end: () => void
}

/**
 * The grace period between releasing the listeners and the shutdown proper: connections go on, and may end by
 * themselves.
 */
export class Drain {
  readonly #options: DrainOptions
  #begun = false
  #released = false
  #cancel: () => void = () => {}

  constructor(options: DrainOptions) {
    this.#options = options
  }

  /** It has begun. */
  get begun(): boolean {
    return this.#begun
  }

  begin(grace: number): void {
    if (this.#begun) return
    this.#begun = true
    const { clock, turn, release } = this.#options
    if (grace < Number.POSITIVE_INFINITY) this.#cancel = clock.timer(grace, () => this.#end())
    clock.soon(() => {
      turn(release)
      // Connections that another thread has accepted for this loop are on their way.
      soonAgain(clock, 3, () => {
        this.#released = true
        this.left()
      })
    })
  }

  /** A connection has gone; after the last one there is nothing left to wait for. */
  left(): void {
    if (this.#released && !this.#options.busy()) this.#end()
  }

  /** The shutdown proper has begun. */
  stop(): void {
    this.#cancel()
    this.#released = false
  }

  #end(): void {
    this.stop()
    this.#options.end()
  }
}

/** Runs `run` after the loop has polled its sockets once more. */
export function soonAgain(clock: Clock, rounds: number, run: () => void): void {
  if (rounds === 0) return run()
  clock.soon(() => soonAgain(clock, rounds - 1, run))
}
