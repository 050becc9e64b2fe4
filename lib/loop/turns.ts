import type { Clock, TurnTime } from './clock.js'
import type { Counters } from './counters.js'

/** What turns need from their loop. */
export interface TurnsOptions {
  readonly clock: Clock
  readonly time: TurnTime
  readonly counters: Counters
  /** Writes gathered output, and starts loop-wide actions. */
  readonly finish: () => void
  /** Something waits for a turn that no event will trigger. */
  readonly waiting: () => boolean
  /** Inside a turn scheduled for it: does the waiting work. */
  readonly revisit: () => void
}

/** The bracket around every turn: its events, then writing their output, then scheduling the next turn if needed. */
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
      counters.turned(time.now - began, time.now)
      if (waiting()) this.schedule()
    }
  }

  /** Schedules a turn soon. Inside a turn this is unnecessary: its end checks for waiting work. */
  schedule(): void {
    if (this.running || this.#scheduled) return
    this.#scheduled = true
    this.#options.clock.soon(() => {
      this.#scheduled = false
      this.run(this.#options.revisit)
    })
  }
}
