import { writeSync } from 'node:fs'
import type * as net from 'node:net'

/** Milliseconds between two looks. */
const INTERVAL = 250

const nothing = new Uint8Array(0)

/** A link whose socket is not read, so that `node:net` does not see it break. */
export interface Unread {
  look(): void
}

/** Looks at sockets that are not read, now and then, for as long as there are any. */
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
 * The code of the error with which a connection has broken; undefined while it stands, or where that cannot be told, as
 * on Windows. A write of nothing meets the error that waits on a socket, sends nothing and disturbs nobody.
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
