/** In milliseconds: a loop that has lived so long did not die of how it starts. */
const HEALTHY = 10_000
const FIRST = 100
const LONGEST = 10_000

/** How long to wait before a loop is replaced: not at all the first time, longer and longer where it keeps dying. */
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
