import { writeSync } from 'node:fs'
import type * as net from 'node:net'

/** Milliseconds between two checks. */
const INTERVAL = 250

const nothing = new Uint8Array(0)

/** A link that is not reading, so that `node:net` does not notice when it breaks. */
export interface Unread {
  look(): void
}

/** Checks links that are not reading, periodically, as long as there are any. */
export class BreakWatch {
  readonly #unread = new Set<Unread>()
  #timer: NodeJS.Timeout | undefined

  add(link: Unread): void {
    this.#unread.add(link)
    this.#timer ??= setInterval(() => this.#look(), INTERVAL).unref()
  }

  delete(link: Unread): void {
    this.#unread.delete(link)
  }

  close(): void {
    this.#unread.clear()
    this.#stop()
  }

  #look(): void {
    if (this.#unread.size === 0) return this.#stop()
    for (const link of [...this.#unread]) link.look()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/**
 * Returns the error code of a broken connection; undefined if it is intact, or if the platform can't tell, as on
 * Windows. An empty write returns a socket's pending error, and sends nothing.
 */
export function breakOf(socket: net.Socket): string | undefined {
  const fd = (socket as { _handle?: { fd?: unknown } })._handle?.fd
  if (typeof fd !== 'number' || fd < 0) return undefined
  try {
    writeSync(fd, nothing)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}
