import type { Clock } from '../../loop/clock.js'
import type { Prng } from './prng.js'

interface Timer {
  readonly due: number
  readonly run: () => void
  cancelled: boolean
}

/** So many steps without time going on mean that something will go on for ever. */
const RESTLESS = 1_000_000

/**
 * Everything that is going to happen in a simulation: steps that can be done now, and timers of a virtual clock.
 * A step comes to an end before the next begins. Without a seed the oldest is next, with one any may be.
 */
export class Schedule implements Clock {
  readonly chance: Prng
  readonly #stepwise: boolean
  readonly #done: () => void
  readonly #steps: (() => void)[] = []
  readonly #soons: (() => void)[] = []
  /** By due time, latest first; of equal ones the one that was set last comes first. */
  readonly #timers: Timer[] = []
  #now = 0
  #running = false
  #promised = false
  #restless = false

  /**
   * `stepwise`: nothing is done unless `run`, `step` or `advance` is called. `done` runs at the end of each of these
   * and of `follow`, and may throw.
   */
  constructor(chance: Prng, stepwise: boolean, done: () => void = () => {}) {
    this.chance = chance
    this.#stepwise = stepwise
    this.#done = done
  }

  get steps(): number {
    return this.#steps.length
  }

  get timers(): number {
    return this.#timers.length
  }

  now(): number {
    return this.#now
  }

  timer(ms: number, run: () => void): () => void {
    const timer = { due: this.#now + ms, run, cancelled: false }
    let index = this.#timers.length
    while (index > 0 && (this.#timers[index - 1]?.due ?? 0) <= timer.due) index -= 1
    this.#timers.splice(index, 0, timer)
    return () => {
      timer.cancelled = true
      const at = this.#timers.indexOf(timer)
      if (at >= 0) this.#timers.splice(at, 1)
    }
  }

  /** In order among themselves; what else there is to do may come in between. */
  soon(run: () => void): void {
    this.#soons.push(run)
    this.post(() => this.#soons.shift()?.())
  }

  /** Adds a step, to be done at some time from `delay` milliseconds on. */
  post(step: () => void, delay = 0): void {
    if (delay > 0) {
      this.timer(delay, () => this.post(step))
      return
    }
    this.#steps.push(step)
    this.#promise()
  }

  /** Does what can be done without time going on, unless it is being done already. */
  run(): void {
    if (this.#running) return
    this.#run()
    this.#done()
  }

  #run(): void {
    let left = RESTLESS
    while (this.#step()) {
      left -= 1
      if (left > 0) continue
      this.#restless = true
      throw new Error(`the simulation does not come to rest: ${RESTLESS} steps at one moment`)
    }
  }

  /** Does one step; false when there was none. */
  step(): boolean {
    const stepped = this.#step()
    if (!this.#running) this.#done()
    return stepped
  }

  #step(): boolean {
    const [step] = this.#steps.splice(this.chance.below(this.#steps.length), 1)
    if (step === undefined) return false
    this.during(step)
    return true
  }

  /** After a call from outside: its consequences, unless they are asked for step by step. */
  follow(): void {
    if (!this.#stepwise) this.run()
  }

  /** Lets time pass: every timer runs at its moment, and what it leads to happens then. */
  advance(ms: number): void {
    if (this.#running) throw new Error('advance must not run inside a handler; use stall')
    const target = this.#now + ms
    this.#run()
    for (
      let timer = this.#timers.at(-1);
      timer !== undefined && timer.due <= target;
      timer = this.#timers.at(-1)
    ) {
      this.#timers.pop()
      this.#now = Math.max(this.#now, timer.due)
      this.during(timer.run)
      this.#run()
    }
    this.#now = Math.max(this.#now, target)
    this.#done()
  }

  /** Lets time pass in which nothing is done: what is due in it comes late, among all else that waits. */
  stall(ms: number): void {
    this.#now += ms
    for (
      let timer = this.#timers.at(-1);
      timer !== undefined && timer.due <= this.#now;
      timer = this.#timers.at(-1)
    ) {
      this.#timers.pop()
      const { run } = timer
      const late = timer
      this.post(() => {
        if (!late.cancelled) run()
      })
    }
  }

  /** Runs `step` as one: what is asked for from inside it is done after it. */
  during<T>(step: () => T): T {
    const outer = this.#running
    this.#running = true
    try {
      return step()
    } finally {
      this.#running = outer
    }
  }

  /** Runs what a settled promise leads to: as a step, but between them. */
  aside(run: () => void): void {
    this.during(run)
    if (this.#steps.length > 0) this.#promise()
  }

  /** What was asked for from nowhere, by a promise that settled, is done without being called for. */
  #promise(): void {
    if (this.#running || this.#stepwise || this.#promised) return
    this.#promised = true
    queueMicrotask(() => {
      this.#promised = false
      if (!this.#restless) this.#run()
    })
  }
}
