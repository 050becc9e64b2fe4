import type { Buffer } from 'node:buffer'
import { Bytes, copy, type Span } from './bytes.js'
import { formatScore } from './numbers.js'
import { Refusal } from './refusal.js'
import { CRLF, writeLine, writeNumber } from './wire.js'

const ROOM = 256 * 1024
/** Replies that are longer together are refused: somebody asked for what nobody can want. */
const LONGEST = 1024 * 1024 * 1024
const TOO_LONG = new Refusal('ERR the reply is longer than this server writes')
/** Replies that are shorter together are handed out in views that are made once. */
const SHORT = 512

const MINUS = 45
const DOLLAR = 36
const COLON = 58
/** A type, an integer with its sign, a line end. */
const HEADER = 24

const OK = Bytes.from('+OK\r\n')
const ZERO_REPLY = Bytes.from(':0\r\n')
const ONE_REPLY = Bytes.from(':1\r\n')
const NULL = Bytes.from('_\r\n')
const NULL_BULK = Bytes.from('$-1\r\n')
const NULL_ARRAY = Bytes.from('*-1\r\n')

/**
 * Replies in RESP2 or RESP3, written one behind the other into memory that is used again and again: a loop has taken
 * the bytes by the time that the next handler runs. A character of a string is one byte of a reply (latin1), as it is
 * one of the request that it may come from.
 */
export class Reply {
  /** The version that the client at hand speaks. */
  protocol: 2 | 3 = 2
  readonly #kept = Bytes.allocate(ROOM)
  /** Views of `#kept` by length: to make one takes as long as to write a reply. */
  readonly #short: Buffer[] = []
  /** Where replies are written: `#kept`, or where that is too small, other memory for once. */
  #bytes = this.#kept
  #length = 0

  /** Bytes that were written and not taken yet. */
  get length(): number {
    return this.#length
  }

  /** The bytes; they are good until the next reply is written. */
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

  /** Takes back what was written after there were `length` bytes. */
  truncate(length: number): void {
    this.#length = length
  }

  /** What is in RESP already. */
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

  /** The text begins with a code in capitals. Line ends in it become blanks, and those at its end go. */
  error(text: string): void {
    this.#text(`-${text.replace(/[\r\n]+$/, '').replace(/[\r\n]/g, ' ')}\r\n`)
  }

  integer(value: number | bigint): void {
    if (typeof value === 'number') this.#header(COLON, value)
    else this.#text(`:${value}\r\n`)
  }

  /** Whether something was so, or was done: 1 or 0. */
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

  /** Text for people, which RESP3 tells from other strings. */
  verbatim(text: string): void {
    if (this.protocol === 2) this.text(text)
    else this.#text(`=${text.length + 4}\r\ntxt:${text}\r\n`)
  }

  double(value: number): void {
    if (this.protocol === 3) this.#text(`,${formatScore(value)}\r\n`)
    else this.text(formatScore(value))
  }

  /** `count` replies follow. */
  array(count: number): void {
    this.#header(0x2a, count)
  }

  /** `count` different replies follow, in no order. */
  set(count: number): void {
    this.#header(this.protocol === 3 ? 0x7e : 0x2a, count)
  }

  /** `count` pairs of replies follow. */
  map(count: number): void {
    if (this.protocol === 3) this.#header(0x25, count)
    else this.#header(0x2a, 2 * count)
  }

  /** `count` replies follow that nobody asked for. */
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

  /** Makes room for `size` bytes; answers where they go. */
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
