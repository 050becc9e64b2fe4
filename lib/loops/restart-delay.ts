/** In milliseconds: a loop that has lived this long did not crash because of how it starts. */
const HEALTHY = 10_000
const FIRST = 100
const LONGEST = 10_000

/** The delay before replacing a loop: none the first time, increasing while it keeps crashing. */
export class RestartDelay {
  readonly #last = new Map<number, { readonly at: number; readonly delay: number }>()

  next(index: number, now = performance.now()): number {
    const last = this.#last.get(index)
    const soon = last !== undefined && now - last.at < HEALTHY + last.delay
    const delay = soon ? Math.min(LONGEST, Math.max(FIRST, last.delay * 2)) : 0
    this.#last.set(index, { at: now, delay })
    return delay
  }
}
