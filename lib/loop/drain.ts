import type { Clock } from './clock.js'

/** What draining needs from the loop. */
export interface DrainOptions {
  readonly clock: Clock
  /** Connections are open, or under way. */
  readonly busy: () => boolean
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
  /** Releases the listeners: what waits at them is accepted. */
  readonly release: () => void
  /** Ends the loop. */
  readonly end: () => void
}

/** The time between the release of the listeners and the end of the loop: connections go on, and may end by themselves. */
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
      // Those that another thread has accepted for this loop are on their way.
      soonAgain(clock, 3, () => {
        this.#released = true
        this.left()
      })
    })
  }

  /** A connection has gone; after the last one nothing is left to wait for. */
  left(): void {
    if (this.#released && !this.#options.busy()) this.#end()
  }

  /** The end of the loop has begun. */
  stop(): void {
    this.#cancel()
    this.#released = false
  }

  #end(): void {
    this.stop()
    this.#options.end()
  }
}

/** Runs something when the loop has looked at its sockets once more. */
export function soonAgain(clock: Clock, rounds: number, run: () => void): void {
  if (rounds === 0) return run()
  clock.soon(() => soonAgain(clock, rounds - 1, run))
}
