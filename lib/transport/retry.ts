import type { Binding } from '../address.js'

/** Milliseconds before each retry; the last value repeats. */
const PAUSES = [1, 2, 5, 10, 20, 50]

/** Retries with increasing pauses until stopped. */
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

/** Whether a Unix socket's backlog is full. TCP retries in the kernel; a Unix socket fails at once. */
export function isBacklogFull({ scheme }: Binding, { code }: NodeJS.ErrnoException): boolean {
  return scheme === 'unix' && code === 'EAGAIN'
}
