import type { Buffer } from 'node:buffer'
import { Bytes, copy, type Span } from './bytes.js'
import { formatScore } from './numbers.js'
import { Refusal } from './refusal.js'
import { CRLF, writeLine, writeNumber } from './wire.js'

const ROOM = 256 * 1024
/** The limit on the total size of replies. */
const LONGEST = 1024 * 1024 * 1024
const TOO_LONG = new Refusal('ERR the reply is longer than this server writes')
/** Shorter replies are returned in cached views. */
const SHORT = 512

const MINUS = 45
const DOLLAR = 36
const COLON = 58
/** A type, a signed integer and a line end. */
const HEADER = 24

const OK = Bytes.from('+OK\r\n')
const ZERO_REPLY = Bytes.from(':0\r\n')
const ONE_REPLY = Bytes.from(':1\r\n')
const NULL = Bytes.from('_\r\n')
const NULL_BULK = Bytes.from('$-1\r\n')
const NULL_ARRAY = Bytes.from('*-1\r\n')

/**
 * Writes replies in RESP2 or RESP3, one after another, into memory that it reuses: the loop has taken the bytes before
 * the next handler runs. A character of a string is one byte of a reply (latin1), as in the request it may come from.
 */
export class Reply {
  /** The protocol version of the current client. */
  protocol: 2 | 3 = 2
  readonly #kept = Bytes.allocate(ROOM)
  /** Views of `#kept` by length: making one takes as long as writing a reply. */
  readonly #short: Buffer[] = []
  /** The output buffer: `#kept`, or larger temporary memory. */
  #bytes = this.#kept
  #length = 0

  /** The number of bytes written and not taken. */
  get length(): number {
    return this.#length
  }

  /** Returns the bytes, which are valid until the next reply is written. */
  take(): Buffer {
    const length = this.#length
    this.#length = 0
    if (this.#bytes !== this.#kept) {
      const { buffer } = this.#bytes
      this.#bytes = this.#kept
      return buffer.subarray(0, length)
    }
    if (length >= SHORT) return this.#kept.buffer.subarray(0, length)
    this.#short[length] ??= this.#kept.buffer.subarray(0, length)
    return this.#short[length] as Buffer
  }

  /** Discards everything written after the first `length` bytes. */
  truncate(length: number): void {
    this.#length = length
  }

  /** Writes bytes that are already RESP. */
  raw(bytes: Bytes, start = 0, end = bytes.length): void {
    const at = this.#reserve(end - start)
    copy(bytes, start, end, this.#bytes, at)
    this.#length = at + end - start
  }

  ok(): void {
    this.raw(OK)
  }

  simple(text: string): void {
    this.#text(`+${text}\r\n`)
  }

  /**
   * Writes an error. The text begins with a code in capitals. Line ends become blanks, and those at its end are
   * removed.
   */
  error(text: string): void {
    this.#text(`-${text.replace(/[\r\n]+$/, '').replace(/[\r\n]/g, ' ')}\r\n`)
  }

  integer(value: number | bigint): void {
    if (typeof value === 'number') this.#header(COLON, value)
    else this.#text(`:${value}\r\n`)
  }

  /** Writes a boolean: 1 or 0. */
  flag(value: boolean): void {
    this.raw(value ? ONE_REPLY : ZERO_REPLY)
  }

  null(): void {
    this.raw(this.protocol === 3 ? NULL : NULL_BULK)
  }

  nullArray(): void {
    this.raw(this.protocol === 3 ? NULL : NULL_ARRAY)
  }

  bulk(bytes: Bytes, start: number, end: number): void {
    const length = end - start
    this.#header(DOLLAR, length)
    const at = this.#reserve(length + 2)
    copy(bytes, start, end, this.#bytes, at)
    this.#bytes.view.setUint16(at + length, CRLF, true)
    this.#length = at + length + 2
  }

  span(span: Span): void {
    this.bulk(span.bytes, span.start, span.end)
  }

  text(text: string): void {
    this.#text(`$${text.length}\r\n${text}\r\n`)
  }

  /** Writes text for humans, which RESP3 distinguishes from other strings. */
  verbatim(text: string): void {
    if (this.protocol === 2) this.text(text)
    else this.#text(`=${text.length + 4}\r\ntxt:${text}\r\n`)
  }

  double(value: number): void {
    if (this.protocol === 3) this.#text(`,${formatScore(value)}\r\n`)
    else this.text(formatScore(value))
  }

  /** Starts an array of `count` replies. */
  array(count: number): void {
    this.#header(0x2a, count)
  }

  /** Starts a set of `count` distinct replies. */
  set(count: number): void {
    this.#header(this.protocol === 3 ? 0x7e : 0x2a, count)
  }

  /** Starts a map of `count` pairs. */
  map(count: number): void {
    if (this.protocol === 3) this.#header(0x25, count)
    else this.#header(0x2a, 2 * count)
  }

  /** Starts a push of `count` replies. */
  push(count: number): void {
    this.#header(this.protocol === 3 ? 0x3e : 0x2a, count)
  }

  /** A type and an integer. */
  #header(type: number, value: number): void {
    const at = this.#reserve(HEADER)
    const { view } = this.#bytes
    if (value >= 0) this.#length = writeLine(view, at, type, value)
    else {
      view.setUint8(at, type)
      view.setUint8(at + 1, MINUS)
      this.#length = writeNumber(view, at + 2, -value)
    }
  }

  #text(text: string): void {
    const at = this.#reserve(text.length)
    this.#length = at + this.#bytes.buffer.write(text, at, 'latin1')
  }

  /** Makes room for `size` bytes; returns their position. */
  #reserve(size: number): number {
    const at = this.#length
    if (at + size > this.#bytes.length) this.#grow(at + size)
    return at
  }

  #grow(size: number): void {
    if (size > LONGEST) throw TOO_LONG
    const grown = Bytes.allocate(Math.max(size, 2 * this.#bytes.length))
    copy(this.#bytes, 0, this.#length, grown, 0)
    this.#bytes = grown
  }
}
