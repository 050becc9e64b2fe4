import type { Clock } from '../../loop/clock.js'
import type { Prng } from './prng.js'

interface Timer {
  readonly due: number
  readonly run: () => void
  cancelled: boolean
}

/** This many steps without time advancing indicate an endless loop. */
const RESTLESS = 1_000_000

/**
 * All pending events of a simulation: steps that can run now, and timers of a virtual clock. A step completes before
 * the next begins. Without a seed the oldest is next, with one any may be.
 */
export class Schedule implements Clock {
  readonly chance: Prng
  readonly #stepwise: boolean
  readonly #done: () => void
  readonly #steps: (() => void)[] = []
  readonly #soons: (() => void)[] = []
  /** By due time, latest first; of equal ones the latest set comes first. */
  readonly #timers: Timer[] = []
  #now = 0
  #running = false
  #promised = false
  #restless = false

  /**
   * `stepwise`: makes progress only in `run`, `step` and `advance`. `done` runs at the end of each of these and of
   * `follow`, and may throw.
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

  /** Ordered among themselves; other steps may run in between. */
  soon(run: () => void): void {
    this.#soons.push(run)
    this.post(() => this.#soons.shift()?.())
  }

  /** Adds a step, to run at some time after `delay` milliseconds. */
  post(step: () => void, delay = 0): void {
    if (delay > 0) {
      this.timer(delay, () => this.post(step))
      return
    }
    this.#steps.push(step)
    this.#promise()
  }

  /** Runs all steps possible without advancing time, unless it is already doing so. */
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

  /** Runs one step; false if there was none. */
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

  /** Runs the effects of a call from outside, unless stepwise. */
  follow(): void {
    if (!this.#stepwise) this.run()
  }

  /** Advances time: every timer runs at its moment, followed by its effects. */
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

  /** Advances time without running anything: due timers come late, among all other pending steps. */
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

  /** Runs `step` as one step: calls made inside it take effect after it. */
  during<T>(step: () => T): T {
    const outer = this.#running
    this.#running = true
    try {
      return step()
    } finally {
      this.#running = outer
    }
  }

  /** Runs the effects of a settled promise: like a step, but between steps. */
  aside(run: () => void): void {
    this.during(run)
    if (this.#steps.length > 0) this.#promise()
  }

  /** Steps added by a settling promise, outside of any call, run without being requested. */
  #promise(): void {
    if (this.#running || this.#stepwise || this.#promised) return
    this.#promised = true
    queueMicrotask(() => {
      this.#promised = false
      if (!this.#restless) this.#run()
    })
  }
}
