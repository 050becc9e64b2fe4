import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs'
import * as net from 'node:net'
import { resolve } from 'node:path'
import { type Binding, MAX_PATH } from '../address.js'
import { asError, RevioError } from '../errors.js'
import { withPathLocked } from './path-lock.js'

/**
 * Milliseconds to wait for a server to answer on its socket. A socket that neither connects nor refuses counts as
 * live.
 */
const PROBE = 1000

/**
 * A bound socket path, identified by its inode so that another server's socket is never taken for it. While the socket
 * is open, no other file can have that inode.
 */
export class UnixPath {
  /** Absolute, because the program may change its working directory. */
  readonly path: string
  /** The name that was passed to bind. */
  readonly #name: string
  /** Undefined if the path can't be inspected; then it is never removed. */
  readonly #inode: string | undefined

  private constructor(path: string, name: string) {
    this.path = path
    this.#name = name
    this.#inode = this.#attempt(() => inodeAt(path))
  }

  /**
   * Binds a Unix socket's path with `bind`, and replaces a stale socket there. If several servers try at once, exactly
   * one succeeds.
   *
   * @throws `EADDRINUSE` if a live server answers on the path, or it is not a socket; otherwise what `bind` rejects
   * with.
   */
  static claim(binding: Binding, bind: (name: string) => Promise<void>): Promise<UnixPath> {
    const path = resolve(binding.path)
    const name = Buffer.byteLength(path) <= MAX_PATH ? path : binding.path
    return withPathLocked(path, async () => {
      try {
        await bind(name)
      } catch (error) {
        if (codeOf(error) !== 'EADDRINUSE') throw error
        await clear(path, binding.text)
        await bind(name)
      }
      return new UnixPath(path, name)
    })
  }

  /** Removes the path if it is still the one that was bound. Must be called before the socket is closed. */
  remove(): void {
    if (this.#inode === undefined) return
    this.#attempt(() => {
      if (inodeAt(this.path) === this.#inode) unlink(this.path)
    })
  }

  /**
   * Runs `close`, which removes whatever is at the bound name (libuv does that), but spares a socket that another
   * server has bound there since. Renames that socket for the duration of the call.
   */
  sparing(close: () => void): void {
    if (this.#inode === undefined) return close()
    // From another working directory, a relative name leads elsewhere.
    if (resolve(this.#name) !== this.path) this.remove()
    const aside = this.#attempt(() => this.#setAside())
    close()
    this.#attempt(() => {
      if (aside !== undefined) putBack(aside, this.#name)
      else if (inodeAt(this.path) === this.#inode) throw new Error('it could not be removed')
    })
  }

  /** Renames a socket that is not ours, and returns its temporary name. */
  #setAside(): string | undefined {
    const found = inodeAt(this.#name)
    if (found === undefined || found === this.#inode) return undefined
    const aside = `${this.#name}~${process.pid}`
    renameSync(this.#name, aside)
    return aside
  }

  /** A failure here must not keep a loop from ending, so it becomes a warning. */
  #attempt<T>(run: () => T): T | undefined {
    try {
      return run()
    } catch (cause) {
      const warning = new Error(`socket path ${this.path}: ${asError(cause).message}`, { cause })
      process.emitWarning(Object.assign(warning, { name: 'RevioWarning' }))
      return undefined
    }
  }
}

/** Never replaces a socket that was bound in the meantime: then both stay, under both names. */
function putBack(aside: string, name: string): void {
  try {
    linkSync(aside, name)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error
    // Some file systems have no hard links.
    return renameSync(aside, name)
  }
  unlinkSync(aside)
}

/** Removes a stale socket. Throws if anything else is there. */
async function clear(path: string, text: string): Promise<void> {
  const inUse = (why: string) => new RevioError('EADDRINUSE', `address "${text}": ${why}`)
  const before = inodeAt(path)
  if (before === undefined) return
  if (!isSocket(path)) throw inUse('the path exists and is not a socket; it was left as it is')
  if (await answers(path)) throw inUse('a live server answers there')
  if (inodeAt(path) === before) unlink(path)
}

/** Returns whether a server listens at the path. Only a refused connection proves that none does. */
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
