import { Buffer } from 'node:buffer'
import { isBytes } from './bytes.js'
import { checkObject } from './checks.js'
import { RevioError } from './errors.js'
import { checkLength, type Framing, framing, type Splitting, splitting } from './framing.js'
import { show } from './show.js'

const EMPTY = Buffer.alloc(0)

/**
 * Buffers input until a whole message has arrived.
 *
 * ```ts
 * const bytes = stream.begin(input)
 * const used = parse(bytes)
 * stream.end(bytes.subarray(used))
 * ```
 */
export class InputStream {
  /**
   * The block that holds the tail, its offset there, and its length. Nothing else uses the block's memory.
   */
  #block = EMPTY
  #start = 0
  #length = 0
  readonly #maxBuffered: number
  /** Input that `begin` returned without a copy, until `end` tells what is left of it. */
  #given: Buffer | undefined
  /** Bytes that the iteration in progress has taken from the front, until its end or another call removes them. */
  #used = 0
  /** Number of buffered bytes known not to start `#delimiter`. */
  #searched = 0
  #delimiter: Buffer = EMPTY

  /** @param options - `maxBuffered`: limit on buffered bytes; more is an error. Default: no limit. */
  constructor(options: { maxBuffered?: number } = {}) {
    checkObject(options, 'InputStream')
    const { maxBuffered = Number.POSITIVE_INFINITY } = options
    checkLength('maxBuffered', maxBuffered)
    this.#maxBuffered = maxBuffered
  }

  /** Number of buffered bytes. While `lines` or `frames` iterate, those after the current line or frame. */
  get buffered(): number {
    return (this.#given?.length ?? this.#length) - this.#used
  }

  /**
   * Returns the bytes to parse: the buffered bytes followed by `input`. With nothing buffered, that is
   * `input` itself. Valid until the next `begin`, which returns the same bytes again unless `end` was called.
   * With `reuseInputBuffer`, call `end` before the handler returns, as the input is overwritten afterwards.
   *
   * @param input - The input of `data`; `null`, after a wake, adds nothing.
   */
  begin(input: Uint8Array | null): Buffer {
    if (this.#used > 0) this.#drop()
    if (this.#given !== undefined) this.#renew(this.#given, this.#given.length)
    this.#length = this.#given?.length ?? this.#length
    this.#given = undefined
    if (input !== null && this.#length === 0) {
      this.#given = asBuffer(input)
      return this.#given
    }
    if (input !== null) this.#append(input)
    return this.#tail()
  }

  /**
   * Buffers the unparsed tail of what `begin` returned.
   *
   * @throws `ENOBUFS` if it is longer than `maxBuffered`; `ERR_OPTION` if it is not bytes.
   */
  end(rest: Uint8Array): void {
    if (!isBytes(rest)) {
      throw new RevioError(
        'ERR_OPTION',
        `end: expected the unparsed rest as a Uint8Array; received ${typeof rest}`,
      )
    }
    this.#given = undefined
    this.#used = 0
    this.#searched = 0
    if (rest.length > this.#maxBuffered) {
      throw new RevioError(
        'ENOBUFS',
        `${rest.length} bytes of unparsed input exceed maxBuffered, ${this.#maxBuffered}`,
      )
    }
    this.#length = rest.length
    if (rest.length === 0) this.#block = EMPTY
    else if (rest.buffer === this.#block.buffer) this.#start = rest.byteOffset - this.#block.byteOffset
    else this.#renew(rest, rest.length)
  }

  /**
   * Returns the first `size` bytes once that many have arrived; until then buffers all and returns undefined.
   * While `lines` or `frames` iterate, these are the bytes after the current line or frame, and the iteration goes
   * on after them.
   *
   * @param input - Further bytes, after the buffered ones.
   */
  take(size: number, input: Uint8Array | null = null): Buffer | undefined {
    if (!(Number.isSafeInteger(size) && size >= 0)) {
      throw new RevioError(
        'ERR_OPTION',
        `take: expected a non-negative number of bytes; received ${show(size)}`,
      )
    }
    const bytes = this.begin(input)
    const enough = bytes.length >= size
    this.end(enough ? bytes.subarray(size) : bytes)
    return enough ? bytes.subarray(0, size) : undefined
  }

  /**
   * Iterates over the complete lines in the buffered bytes and `input`, without their delimiters. Buffers an
   * incomplete last line, and everything after a `break`. Lines are valid until the next call.
   *
   * @param input - The input of `data`. @param options - `delimiter`: text or bytes, default `'\n'`;
   *   `maxLength`: maximum bytes of a line, default no limit.
   * @throws `ENOBUFS` for a longer line, as soon as that is known; `ERR_OPTION`.
   */
  lines(input: Uint8Array | null, options: Splitting = {}): IterableIterator<Buffer> {
    const { delimiter, maxLength } = splitting(options)
    return this.#lines(this.begin(input), delimiter, maxLength)
  }

  /**
   * Iterates over the complete frames in the buffered bytes and `input`, without their length prefixes.
   * Buffers an incomplete last frame, and everything after a `break`. Frames are valid until the next call.
   *
   * @param input - The input of `data`. @param options - `lengthBytes`: 1, 2 or 4, default 4; `endian`:
   *   `'big'` or `'little'`, default `'big'`; `includesHeader`: the length counts itself, default false;
   *   `maxLength`: maximum bytes of a frame, default no limit.
   * @throws `ENOBUFS` for a longer frame, `EMSGSIZE` for a length smaller than its own prefix; `ERR_OPTION`.
   */
  frames(input: Uint8Array | null, options: Framing = {}): IterableIterator<Buffer> {
    return this.#frames(this.begin(input), framing(options))
  }

  *#lines(bytes: Buffer, delimiter: Buffer, maxLength: number): IterableIterator<Buffer> {
    let at = 0
    // Bytes without the old delimiter may contain the new one.
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
        this.#used = at
        yield line
        if (this.#used === at) continue
        bytes = this.begin(null)
        at = 0
        from = 0
      }
    } finally {
      this.end(this.#used === at ? bytes.subarray(at) : this.begin(null))
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
        this.#used = at
        yield bytes.subarray(start, at)
        if (this.#used === at) continue
        bytes = this.begin(null)
        at = 0
      }
    } finally {
      this.end(this.#used === at ? bytes.subarray(at) : this.begin(null))
    }
  }

  #tail(): Buffer {
    return this.#block.subarray(this.#start, this.#start + this.#length)
  }

  /** Removes what the iteration in progress has used, for a call in the middle of it. */
  #drop(): void {
    if (this.#given !== undefined) this.#given = this.#given.subarray(this.#used)
    else {
      this.#start += this.#used
      this.#length -= this.#used
    }
    this.#used = 0
    this.#searched = 0
  }

  /**
   * Appends after the tail; moves the tail to the front once half of the block is free, so parsing stays
   * linear.
   */
  #append(input: Uint8Array): void {
    const length = this.#length + input.length
    if (this.#start + length > this.#block.length) {
      const tail = this.#tail()
      if (2 * length > this.#block.length) this.#renew(tail, Math.max(length, 2 * this.#block.length))
      else {
        this.#block.set(tail)
        this.#start = 0
      }
    }
    this.#block.set(input, this.#start + this.#length)
    this.#length = length
  }

  /** Moves the tail into a new block. */
  #renew(tail: Uint8Array, size: number): void {
    this.#block = Buffer.allocUnsafeSlow(size)
    this.#block.set(tail)
    this.#start = 0
  }
}

/** Rejects a line longer than `maxLength`, unless its last bytes may be the start of a delimiter. */
function checkLine(bytes: Buffer, at: number, end: number, delimiter: Buffer, maxLength: number): void {
  const whole = end >= 0
  let length = (whole ? end : bytes.length) - at
  if (length <= maxLength) return
  if (!whole) length -= begun(bytes.subarray(at), delimiter)
  if (length <= maxLength) return
  const known = whole ? `a line of ${length} bytes` : `a line of at least ${length} bytes`
  throw new RevioError('ENOBUFS', `${known} is longer than maxLength, ${maxLength}`)
}

/** Number of the delimiter's bytes at the end. */
function begun(bytes: Buffer, delimiter: Buffer): number {
  let size = Math.min(delimiter.length - 1, bytes.length)
  while (!bytes.subarray(bytes.length - size).equals(delimiter.subarray(0, size))) size--
  return size
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
