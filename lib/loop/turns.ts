import type { Clock, TurnTime } from './clock.js'
import type { Counters } from './counters.js'

/** What turns need from the loop. */
export interface TurnsOptions {
  readonly clock: Clock
  readonly time: TurnTime
  readonly counters: Counters
  /** Writes what has gathered, and begins what a handler asked for the whole loop. */
  readonly finish: () => void
  /** Something waits for a turn that no event will bring. */
  readonly waiting: () => boolean
  /** Inside a turn that was made for it: does what waits. */
  readonly revisit: () => void
}

/** The bracket around everything that happens: what runs, then the writing of all that it left, and when to come back. */
export class Turns {
  readonly #options: TurnsOptions
  #scheduled = false
  /** A turn is running. */
  running = false

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /** Runs `run` as one turn, and ends the turn whatever `run` throws. */
  run(run: () => void): void {
    const { time } = this.#options
    this.running = true
    time.pass()
    const began = time.now
    try {
      run()
    } finally {
      this.#end(began)
    }
  }

  #end(began: number): void {
    const { time, counters, finish, waiting } = this.#options
    try {
      finish()
    } finally {
      this.running = false
      time.pass()
      counters.turned(time.now - began)
      if (waiting()) this.schedule()
    }
  }

  /** Makes a turn follow soon. Inside a turn there is nothing to do: its end sees what is left. */
  schedule(): void {
    if (this.running || this.#scheduled) return
    this.#scheduled = true
    this.#options.clock.soon(() => {
      this.#scheduled = false
      this.run(this.#options.revisit)
    })
  }
}
