import type { Clock } from '../../lib/loop/clock.js'

interface Timer {
  readonly due: number
  readonly run: () => void
}

/** A clock that stands still until it is advanced. */
export class FakeClock implements Clock {
  time = 0
  readonly timers = new Set<Timer>()
  /** How often a timer was set. */
  set = 0
  readonly #soon: (() => void)[] = []

  now(): number {
    return this.time
  }

  timer(ms: number, run: () => void): () => void {
    const timer = { due: this.time + ms, run }
    this.set += 1
    this.timers.add(timer)
    return () => void this.timers.delete(timer)
  }

  soon(run: () => void): void {
    this.#soon.push(run)
  }

  /** Advances time: runs every timer at its time, and what it schedules. */
  advance(ms: number): void {
    const target = this.time + ms
    for (;;) {
      const next = [...this.timers].sort((a, b) => a.due - b.due).find(({ due }) => due <= target)
      if (next === undefined) break
      this.timers.delete(next)
      this.time = Math.max(this.time, next.due)
      next.run()
      this.run()
    }
    this.time = target
  }

  /** Runs what was scheduled. */
  run(): void {
    for (const run of this.#soon.splice(0)) run()
  }
}
