import { Buffer } from 'node:buffer'

const EMPTY = Buffer.alloc(0)

/** Offsets that a field takes: of its name's start and end, and of its value's. */
const STRIDE = 4

/**
 * Where the parts of a head lie, as llhttp tells of them. A part that was split over several pieces of input is told
 * of piece by piece; pieces of one part are adjacent.
 */
export class Head {
  /** What the offsets are into: everything since the end of the message before. */
  bytes: Buffer = EMPTY
  /** Added to the offsets that llhttp tells, to make them offsets into `bytes`. */
  origin = 0
  urlStart = -1
  urlEnd = -1
  /** Where the message begins in `bytes`. */
  start = 0
  /** How many fields there are. */
  count = 0
  #spans = new Int32Array(16 * STRIDE)
  #inName = false

  reset(): void {
    this.urlStart = -1
    this.urlEnd = -1
    this.count = 0
    this.#inName = false
  }

  url(start: number, end: number): void {
    if (this.urlStart < 0) this.urlStart = start + this.origin
    this.urlEnd = end + this.origin
  }

  field(start: number, end: number): void {
    const from = start + this.origin
    if (!this.#inName) this.#begin(from)
    this.#spans[this.count * STRIDE - 3] = end + this.origin
  }

  value(start: number, end: number): void {
    const at = this.count * STRIDE
    if (this.#inName) this.#spans[at - 2] = start + this.origin
    this.#inName = false
    this.#spans[at - 1] = end + this.origin
  }

  nameStart(index: number): number {
    return this.#spans[index * STRIDE] ?? 0
  }

  nameEnd(index: number): number {
    return this.#spans[index * STRIDE + 1] ?? 0
  }

  valueStart(index: number): number {
    return this.#spans[index * STRIDE + 2] ?? 0
  }

  valueEnd(index: number): number {
    return this.#spans[index * STRIDE + 3] ?? 0
  }

  /** The value of a field, without white space around it. */
  valueOf(index: number): string {
    return this.bytes
      .toString('latin1', this.valueStart(index), this.valueEnd(index))
      .replace(/^[ \t]+|[ \t\r\n]+$/g, '')
  }

  /** Makes the offsets count from `start`, where `bytes` begins from now on. */
  rebase(bytes: Buffer, start: number): void {
    this.bytes = bytes
    if (this.urlStart < 0) return
    this.urlStart -= start
    this.urlEnd -= start
    for (let at = 0; at < this.count * STRIDE; at++) this.#spans[at] = (this.#spans[at] ?? 0) - start
  }

  /** Where the head ends, behind its empty line. Infinity where that is beyond `bytes`. */
  get end(): number {
    const from = this.count === 0 ? this.urlEnd : this.nameEnd(this.count - 1)
    // The value's end is known, but lies behind the line where the value is empty.
    const guess = this.count === 0 ? this.urlEnd + ' HTTP/1.1'.length : this.valueEnd(this.count - 1)
    const { bytes } = this
    if (bytes[guess] === CR && bytes[guess + 1] === LF && bytes[guess + 2] === CR && guess > from)
      return guess + 4
    const found = bytes.indexOf('\r\n\r\n', from, 'latin1')
    return found < 0 ? Number.POSITIVE_INFINITY : found + 4
  }

  #begin(start: number): void {
    const at = this.count * STRIDE
    if (at + STRIDE > this.#spans.length) {
      const spans = new Int32Array(this.#spans.length * 2)
      spans.set(this.#spans)
      this.#spans = spans
    }
    this.count++
    this.#inName = true
    this.#spans[at] = start
    // Until the value begins.
    this.#spans[at + 2] = start
    this.#spans[at + 3] = start
  }
}

const CR = 13
const LF = 10
