import { Buffer } from 'node:buffer'
import { isBytes } from './bytes.js'
import { RevioError } from './errors.js'
import { type Framing, framing, type Splitting, splitting } from './framing.js'

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
  /** What `begin` gave without a copy, until `end` says what is left of it. */
  #given: Buffer | undefined
  /** How many of the kept bytes are known not to begin `#delimiter`. */
  #searched = 0
  #delimiter: Buffer = EMPTY

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
   * valid until the next `begin`. Without an `end` in between, the next `begin` gives them again; input in a reused
   * buffer (`reuseInputBuffer`) is overwritten by then, and needs an `end` before the handler returns.
   *
   * @param input - What `data` was given; `null`, after a wake, adds nothing.
   */
  begin(input: Uint8Array | null): Buffer {
    if (this.#given !== undefined) this.#renew(this.#given, this.#given.length)
    this.#length = this.#given?.length ?? this.#length
    this.#given = undefined
    if (input !== null && this.#length === 0) {
      this.#given = asBuffer(input)
      return this.#given
    }
    if (input !== null) this.#append(input)
    return this.#block.subarray(this.#start, this.#start + this.#length)
  }

  /**
   * Keeps the unparsed tail of what `begin` gave.
   *
   * @throws `ENOBUFS` when it is longer than `maxBuffered`; `ERR_OPTION` when it is not bytes.
   */
  end(rest: Uint8Array): void {
    if (!isBytes(rest)) {
      throw new RevioError(
        'ERR_OPTION',
        `end: expected the unparsed rest as a Uint8Array; received ${typeof rest}`,
      )
    }
    this.#given = undefined
    this.#searched = 0
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

  /**
   * The first `size` bytes, once there are so many; until then undefined, and all is kept.
   *
   * @param input - Further bytes, behind what is kept.
   */
  take(size: number, input: Uint8Array | null = null): Buffer | undefined {
    if (!(Number.isSafeInteger(size) && size >= 0)) {
      throw new RevioError('ERR_OPTION', `take: expected a number of bytes from 0; received ${String(size)}`)
    }
    const bytes = this.begin(input)
    const enough = bytes.length >= size
    this.end(enough ? bytes.subarray(size) : bytes)
    return enough ? bytes.subarray(0, size) : undefined
  }

  /**
   * The whole lines in what was kept and `input`, without their delimiters; what follows the last one is kept, and so
   * is everything that is not asked for, as after a `break`. Lines are valid until the next call.
   *
   * @param input - What `data` was given.
   * @param options - `delimiter`: text or bytes, default `'\n'`; `maxLength`: bytes of a line, default no limit.
   * @throws `ENOBUFS` for a line that is longer, as soon as that is clear; `ERR_OPTION`.
   */
  lines(input: Uint8Array | null, options: Splitting = {}): IterableIterator<Buffer> {
    const { delimiter, maxLength } = splitting(options)
    return this.#lines(this.begin(input), delimiter, maxLength)
  }

  /**
   * The whole frames in what was kept and `input`, without the lengths before them; the beginning of another is kept,
   * and so is everything that is not asked for. Frames are valid until the next call.
   *
   * @param input - What `data` was given.
   * @param options - `lengthBytes`: 1, 2 or 4, default 4; `endian`: `'big'` or `'little'`, default `'big'`;
   * `includesHeader`: the length counts itself, default false; `maxLength`: bytes of a frame, default no limit.
   * @throws `ENOBUFS` for a frame that is longer, `EMSGSIZE` for a length that is too short for itself; `ERR_OPTION`.
   */
  frames(input: Uint8Array | null, options: Framing = {}): IterableIterator<Buffer> {
    return this.#frames(this.begin(input), framing(options))
  }

  *#lines(bytes: Buffer, delimiter: Buffer, maxLength: number): IterableIterator<Buffer> {
    let at = 0
    // What holds none of one delimiter may hold another.
    let from = this.#searched > 0 && delimiter.equals(this.#delimiter) ? this.#searched : 0
    try {
      for (;;) {
        const end = bytes.indexOf(delimiter, from)
        checkLine(bytes, at, end, delimiter, maxLength)
        if (end < 0) {
          from = Math.max(at, bytes.length - delimiter.length + 1)
          return
        }
        const line = bytes.subarray(at, end)
        at = end + delimiter.length
        from = at
        yield line
      }
    } finally {
      this.end(bytes.subarray(at))
      this.#searched = from - at
      this.#delimiter = delimiter
    }
  }

  *#frames(bytes: Buffer, { lengthBytes, little, header, maxLength }: ReturnType<typeof framing>) {
    let at = 0
    try {
      while (bytes.length - at >= lengthBytes) {
        const told = little ? bytes.readUIntLE(at, lengthBytes) : bytes.readUIntBE(at, lengthBytes)
        const length = told - header
        if (length < 0) {
          throw new RevioError(
            'EMSGSIZE',
            `a frame's length is ${told}, and includes a header of ${header} bytes`,
          )
        }
        if (length > maxLength) {
          throw new RevioError('ENOBUFS', `a frame of ${length} bytes is longer than maxLength, ${maxLength}`)
        }
        if (bytes.length - at - lengthBytes < length) return
        const start = at + lengthBytes
        at = start + length
        yield bytes.subarray(start, at)
      }
    } finally {
      this.end(bytes.subarray(at))
    }
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

/** Refuses a line that is longer than `maxLength`, or will be whatever follows: the delimiter may have begun at its end. */
function checkLine(bytes: Buffer, at: number, end: number, delimiter: Buffer, maxLength: number): void {
  const whole = end >= 0
  let length = (whole ? end : bytes.length) - at
  if (length <= maxLength) return
  if (!whole) length -= begun(bytes.subarray(at), delimiter)
  if (length <= maxLength) return
  const known = whole ? `a line of ${length} bytes` : `a line of at least ${length} bytes`
  throw new RevioError('ENOBUFS', `${known} is longer than maxLength, ${maxLength}`)
}

/** How many bytes of the delimiter stand at the end. */
function begun(bytes: Buffer, delimiter: Buffer): number {
  let size = Math.min(delimiter.length - 1, bytes.length)
  while (!bytes.subarray(bytes.length - size).equals(delimiter.subarray(0, size))) size--
  return size
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
