import { Buffer } from 'node:buffer'
import { type BigIntStats, fstatSync, readSync } from 'node:fs'
import { checkObject } from './checks.js'
import { RevioError } from './errors.js'
import { show } from './show.js'

/** Options of a `FileRegion`. */
export interface FileRegionOptions {
  /** The descriptor of a regular file open for reading; the program still owns it. */
  fd: number
  /** The first byte. Default 0. */
  start?: number
  /** The offset after the last byte. Default: the end of the file. */
  end?: number
  /**
   * Runs once, when the loop no longer uses the descriptor: the bytes have been written or discarded. The
   * program may then close the descriptor.
   */
  done?(): void
}

/**
 * What must stay the same while a file is read: its size, and its modification time as the two numbers of a `timespec`.
 *
 * @internal
 */
export class FileState {
  readonly size: bigint
  readonly seconds: bigint
  readonly nanoseconds: bigint

  constructor({ size, mtimeNs }: BigIntStats) {
    this.size = size
    this.seconds = mtimeNs / BILLION
    this.nanoseconds = mtimeNs % BILLION
  }

  /** Whether these are of the same version of the file. */
  isOf({ size, mtimeNs }: BigIntStats): boolean {
    return size === this.size && mtimeNs === this.seconds * BILLION + this.nanoseconds
  }
}

/**
 * Part of a file as output, in place of bytes. It is read as fast as the peer reads it; with `sendfile`, the
 * bytes never enter the process's memory.
 *
 * ```ts
 * return [[head, new FileRegion({ fd, done: () => close(fd) })]]
 * ```
 *
 * Don't modify the file meanwhile: if its size or modification time changes, the connection breaks with
 * `ESTALE`. Renaming another file over it is safe. With `sendfile`, the last bytes before the break may be
 * modified ones.
 *
 * A region can be sent once.
 */
export class FileRegion {
  readonly fd: number
  readonly start: number
  readonly end: number
  readonly #state: FileState
  #done: (() => void) | undefined
  #given = false

  /**
   * Whether it is one, rather than a Proxy of one or an object that inherits from one.
   *
   * @internal
   */
  static is(value: unknown): value is FileRegion {
    return typeof value === 'object' && value !== null && #given in value
  }

  /**
   * `state` is known to revio's own files alone.
   *
   * @throws `ERR_OPTION` unless it is part of an open regular file; the system's error if `fstat` fails.
   */
  constructor(options: FileRegionOptions, state?: FileState) {
    checkObject(options, 'FileRegion')
    const { fd, start = 0, end, done } = options
    this.#state = state instanceof FileState ? state : stateOf(fd)
    const size = Number(this.#state.size)
    const last = end ?? size
    if (!(isOffset(start) && isOffset(last) && start <= last && last <= size)) {
      const message = `FileRegion: expected 0 <= start <= end <= ${size}, the size of the file; received start ${show(start)}, end ${show(last)}`
      throw new RevioError('ERR_OPTION', message)
    }
    this.fd = fd
    this.start = start
    this.end = last
    this.#done = done
  }

  /** Length in bytes. */
  get length(): number {
    return this.end - this.start
  }

  /** @internal */
  get state(): FileState {
    return this.#state
  }

  /**
   * Whether an output claimed it.
   *
   * @internal
   */
  get given(): boolean {
    return this.#given
  }

  /**
   * Claims it for an output.
   *
   * @throws `ERR_REPLY` if it was claimed before.
   * @internal
   */
  give(): void {
    if (this.#given) throw new RevioError('ERR_REPLY', `a FileRegion of fd ${this.fd} was sent twice`)
    this.#given = true
  }

  /**
   * Runs when the output that claimed it has ended.
   *
   * @internal
   */
  release(): void {
    const done = this.#done
    this.#done = undefined
    // Deferred: the program's code must not run or throw in the middle of the loop's work.
    if (done !== undefined) process.nextTick(done)
  }

  /**
   * Discards it, unless an output claimed it.
   *
   * @internal
   */
  drop(): void {
    if (this.#given) return
    this.#given = true
    this.release()
  }

  /**
   * Reads at most `size` bytes from offset `at` into new memory.
   *
   * @throws `ESTALE` if the file has changed; the system's error.
   * @internal
   */
  read(at: number, size: number): Buffer {
    const now = fstatSync(this.fd, { bigint: true })
    const bytes = Buffer.allocUnsafeSlow(Math.min(size, this.end - at))
    const got = readSync(this.fd, bytes, 0, bytes.length, at)
    if (got === 0 || !this.#state.isOf(now)) throw staleError(this.fd)
    return got === bytes.length ? bytes : bytes.subarray(0, got)
  }
}

/** The error for a file that was modified while it was being sent. */
export function staleError(fd: number): RevioError {
  return new RevioError('ESTALE', `the file of descriptor ${fd} was changed while it was being sent`)
}

function stateOf(fd: number): FileState {
  if (!(Number.isSafeInteger(fd) && fd >= 0)) {
    throw new RevioError('ERR_OPTION', `FileRegion: expected a descriptor as fd; received ${show(fd)}`)
  }
  const stats = fstatSync(fd, { bigint: true })
  if (!stats.isFile()) throw new RevioError('ERR_OPTION', `FileRegion: fd ${fd} is not a regular file`)
  return new FileState(stats)
}

const BILLION = 1_000_000_000n

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
