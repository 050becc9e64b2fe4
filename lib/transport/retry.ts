import type { Binding } from '../address.js'

/** Milliseconds before each further try; the last one repeats. */
const PAUSES = [1, 2, 5, 10, 20, 50]

/** Tries something again and again, less and less often, until it is no longer wanted. */
export class Retry {
  #tries = 0
  #timer: NodeJS.Timeout | undefined

  again(attempt: () => void): void {
    const pause = PAUSES[Math.min(this.#tries++, PAUSES.length - 1)]
    this.#timer = setTimeout(attempt, pause)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

/** A Unix socket's backlog is full. TCP would go on trying by itself; here the system says so at once. */
export function isBacklogFull({ scheme }: Binding, { code }: NodeJS.ErrnoException): boolean {
  return scheme === 'unix' && code === 'EAGAIN'
}
