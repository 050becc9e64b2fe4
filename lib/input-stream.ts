import { Buffer } from 'node:buffer'
import { RevioError } from './errors.js'

const EMPTY = Buffer.alloc(0)

/**
 * Keeps what a handler could not use yet: the beginning of a message whose rest is still to come.
 *
 * ```ts
 * const bytes = stream.begin(input)
 * const used = parse(bytes)
 * stream.end(bytes.subarray(used))
 * ```
 */
export class InputStream {
  /** The block that the tail lies in, and how much of it the tail fills. */
  #block = EMPTY
  #length = 0
  readonly #maxBuffered: number

  /** @param options - `maxBuffered`: bytes that may be kept; more is an error. Default: no limit. */
  constructor({ maxBuffered = Number.POSITIVE_INFINITY }: { maxBuffered?: number } = {}) {
    this.#maxBuffered = maxBuffered
  }

  /** Bytes that are kept. */
  get buffered(): number {
    return this.#length
  }

  /**
   * The bytes to parse: what was kept, with `input` behind it. Where nothing was kept that is `input` itself. They are
   * valid until the next `begin`.
   *
   * @param input - What `data` was given; `null`, after a wake, adds nothing.
   */
  begin(input: Uint8Array | null): Buffer {
    if (input === null) return this.#block.subarray(0, this.#length)
    if (this.#length === 0) return asBuffer(input)
    this.#append(input)
    return this.#block.subarray(0, this.#length)
  }

  /**
   * Keeps the unparsed tail of what `begin` gave.
   *
   * @throws `ENOBUFS` when it is longer than `maxBuffered`.
   */
  end(rest: Uint8Array): void {
    if (rest.length > this.#maxBuffered) {
      throw new RevioError(
        'ENOBUFS',
        `${rest.length} bytes of unparsed input are more than maxBuffered, ${this.#maxBuffered}`,
      )
    }
    if (rest.length === 0) {
      this.#block = EMPTY
      this.#length = 0
    } else if (rest.buffer === this.#block.buffer) this.#keepTail(rest)
    else {
      this.#block = Buffer.from(rest)
      this.#length = rest.length
    }
  }

  /** A tail of our own block. It only moves to the front when that frees half of it: parsing stays linear. */
  #keepTail(rest: Uint8Array): void {
    const start = rest.byteOffset - this.#block.byteOffset
    if (start > 0) this.#block.copyWithin(0, start, start + rest.length)
    this.#length = rest.length
  }

  /** Grows by doubling, so that a long message in small pieces is copied a bounded number of times. */
  #append(input: Uint8Array): void {
    const length = this.#length + input.length
    if (length > this.#block.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#block.length))
      this.#block.copy(grown, 0, 0, this.#length)
      this.#block = grown
    }
    this.#block.set(input, this.#length)
    this.#length = length
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
