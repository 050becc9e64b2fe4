import { chmodSync, lstatSync, renameSync, unlinkSync } from 'node:fs'
import * as net from 'node:net'
import type { Binding } from '../address.js'
import { RevioError } from '../errors.js'

/** How long a socket at the path may take to show that a live server answers on it. In milliseconds. */
const PROBE = 1000

/** A bound path, recognised by its inode so that another's is never taken for it. */
export class UnixPath {
  readonly path: string
  readonly #inode: string | undefined

  private constructor(path: string) {
    this.path = path
    this.#inode = inodeAt(path)
  }

  /**
   * Binds a Unix socket's path with `bind`, taking over what a dead server left there, and gives it its mode.
   *
   * @throws `EADDRINUSE` when a live server answers on the path or it is no socket; else what `bind` rejects with.
   */
  static async claim(binding: Binding, bind: () => Promise<void>): Promise<UnixPath> {
    const { path, mode } = binding
    try {
      await bind()
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE') throw error
      await clear(binding)
      await bind()
    }
    const claimed = new UnixPath(path)
    if (mode !== undefined) chmodSync(path, mode)
    return claimed
  }

  /** Removes the path if it is still the one that was bound. */
  remove(): void {
    if (this.#inode !== undefined && inodeAt(this.path) === this.#inode) unlink(this.path)
  }

  /**
   * Runs `close`, which removes whatever is at the path (libuv does so by name), without letting it remove what
   * another server has put there since. For that moment the other's socket goes by another name.
   */
  sparing(close: () => void): void {
    const found = inodeAt(this.path)
    if (found === undefined || found === this.#inode) return close()
    const aside = `${this.path}~${process.pid}`
    renameSync(this.path, aside)
    try {
      close()
    } finally {
      renameSync(aside, this.path)
    }
  }
}

/** Removes the socket that a dead server left; anything else stays, and is an error. */
async function clear(binding: Binding): Promise<void> {
  const { path, text } = binding
  const inUse = (why: string) => new RevioError('EADDRINUSE', `address "${text}": ${why}`)
  const before = inodeAt(path)
  if (before === undefined) return
  if (!isSocket(path)) throw inUse('something that is no socket is at the path, and is left as it is')
  if (await answers(path)) throw inUse('a live server answers there')
  if (inodeAt(path) === before) unlink(path)
}

/** Whether a server listens at the path. Only a refused connection says that none does. */
function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = net.connect({ path })
    const settle = (alive: boolean) => {
      probe.destroy()
      resolve(alive)
    }
    probe.setTimeout(PROBE, () => settle(true))
    probe.once('connect', () => settle(true))
    probe.once('error', error => settle(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT'))
  })
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false
}

function inodeAt(path: string): string | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? undefined : `${found.dev}:${found.ino}`
}

function unlink(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code
}
