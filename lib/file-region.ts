import { Buffer } from 'node:buffer'
import { type BigIntStats, fstatSync, readSync } from 'node:fs'
import { RevioError } from './errors.js'

/** What a region is made of. */
export interface FileRegionOptions {
  /** The descriptor of a regular file that is open for reading; it stays the program's. */
  fd: number
  /** The first byte. Default 0. */
  start?: number
  /** The byte behind the last one. Default: the end of the file. */
  end?: number
  /**
   * Runs once when the loop has no more use for the descriptor: the bytes have been given to the system, or never will
   * be. The program may close the descriptor then.
   */
  done?(): void
}

/**
 * A part of a file as output, in place of bytes: it is read when the peer takes it, and where the system can send files
 * by itself it never becomes memory of the process.
 *
 * ```ts
 * return [[head, new FileRegion({ fd, done: () => close(fd) })]]
 * ```
 *
 * The file must stay as it is meanwhile. Once its size or its time of modification differs, the connection breaks with
 * `ESTALE`. A file that is replaced by another of its name, as is the custom, is no such change. Where the system sends
 * files by itself, the last bytes before the break may be those of the change.
 *
 * A region is good for one output.
 */
export class FileRegion {
  readonly fd: number
  readonly start: number
  readonly end: number
  readonly #stats: BigIntStats
  #done: (() => void) | undefined
  #given = false

  /** @throws `ERR_OPTION` unless it is a part of an open regular file; the system's error when that cannot be asked. */
  constructor({ fd, start = 0, end, done }: FileRegionOptions) {
    if (!(Number.isSafeInteger(fd) && fd >= 0)) {
      throw new RevioError('ERR_OPTION', `FileRegion: expected a descriptor as fd; received ${String(fd)}`)
    }
    this.#stats = fstatSync(fd, { bigint: true })
    if (!this.#stats.isFile()) {
      throw new RevioError('ERR_OPTION', `FileRegion: fd ${fd} is not a regular file`)
    }
    const size = Number(this.#stats.size)
    const last = end ?? size
    if (!(isOffset(start) && isOffset(last) && start <= last && last <= size)) {
      const message = `FileRegion: expected 0 <= start <= end <= ${size}, the size of the file; received start ${String(start)}, end ${String(last)}`
      throw new RevioError('ERR_OPTION', message)
    }
    this.fd = fd
    this.start = start
    this.end = last
    this.#done = done
  }

  /** Bytes. */
  get length(): number {
    return this.end - this.start
  }

  /**
   * When it was last modified, as the two numbers of a `timespec`, and how large it was: what the file is to be like as
   * long as it is read.
   *
   * @internal
   */
  get state(): { readonly size: bigint; readonly seconds: bigint; readonly nanoseconds: bigint } {
    const { size, mtimeNs } = this.#stats
    return { size, seconds: mtimeNs / BILLION, nanoseconds: mtimeNs % BILLION }
  }

  /**
   * Takes it for an output.
   *
   * @throws `ERR_REPLY` when one had it before.
   * @internal
   */
  give(): void {
    if (this.#given)
      throw new RevioError('ERR_REPLY', `a FileRegion of fd ${this.fd} was given as output twice`)
    this.#given = true
  }

  /**
   * The output that had it is over.
   *
   * @internal
   */
  release(): void {
    const done = this.#done
    this.#done = undefined
    // Not here: the loop is at work, and what a program does or throws is not to meet it half way.
    if (done !== undefined) process.nextTick(done)
  }

  /**
   * Gives it up, unless an output has had it.
   *
   * @internal
   */
  drop(): void {
    if (this.#given) return
    this.#given = true
    this.release()
  }

  /**
   * At most `size` of its bytes from `at` on, in memory of their own.
   *
   * @throws `ESTALE` when the file has changed; the system's error.
   * @internal
   */
  read(at: number, size: number): Buffer {
    const now = fstatSync(this.fd, { bigint: true })
    const bytes = Buffer.allocUnsafeSlow(Math.min(size, this.end - at))
    const got = readSync(this.fd, bytes, 0, bytes.length, at)
    if (got === 0 || now.mtimeNs !== this.#stats.mtimeNs || now.size !== this.#stats.size)
      throw staleError(this.fd)
    return got === bytes.length ? bytes : bytes.subarray(0, got)
  }
}

/** A file that is on its way as output is not what it was. */
export function staleError(fd: number): RevioError {
  return new RevioError('ESTALE', `the file of descriptor ${fd} was changed while it was being sent`)
}

const BILLION = 1_000_000_000n

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
