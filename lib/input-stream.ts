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
  /** The block that the tail lies in, where it begins there, and how long it is. Nobody else has the block's memory. */
  #block = EMPTY
  #start = 0
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
    if (input !== null && this.#length === 0) return asBuffer(input)
    if (input !== null) this.#append(input)
    return this.#block.subarray(this.#start, this.#start + this.#length)
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
    this.#length = rest.length
    if (rest.length === 0) this.#block = EMPTY
    else if (rest.buffer === this.#block.buffer) this.#start = rest.byteOffset - this.#block.byteOffset
    else this.#renew(rest, rest.length)
  }

  /** Behind the tail; in front of it there is room again once half of the block is free. So parsing stays linear. */
  #append(input: Uint8Array): void {
    const length = this.#length + input.length
    if (this.#start + length > this.#block.length) {
      const tail = this.#block.subarray(this.#start, this.#start + this.#length)
      if (2 * length > this.#block.length) this.#renew(tail, Math.max(length, 2 * this.#block.length))
      else {
        this.#block.set(tail)
        this.#start = 0
      }
    }
    this.#block.set(input, this.#start + this.#length)
    this.#length = length
  }

  /** Moves the tail into a block of its own. */
  #renew(tail: Uint8Array, size: number): void {
    this.#block = Buffer.allocUnsafeSlow(size)
    this.#block.set(tail)
    this.#start = 0
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
