import { Buffer } from 'node:buffer'

const EMPTY = Buffer.alloc(0)

/** Offsets for each field: the start and end of its name, and of its value. */
const STRIDE = 4

/**
 * The offsets of the parts of a head, as llhttp reports them. It reports a part piece by piece if it spans several
 * inputs; the pieces of a part are adjacent.
 */
export class Head {
  /** The bytes that the offsets refer to: everything since the end of the previous message. */
  bytes: Buffer = EMPTY
  /** Turns llhttp's offsets into offsets into `bytes`. */
  origin = 0
  urlStart = -1
  urlEnd = -1
  /** The offset in `bytes` at which the message begins. */
  start = 0
  /** The number of fields. */
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

  /** The value of a field, without the whitespace around it. */
  valueOf(index: number): string {
    return this.bytes
      .toString('latin1', this.valueStart(index), this.valueEnd(index))
      .replace(/^[ \t]+|[ \t\r\n]+$/g, '')
  }

  /** Makes the offsets relative to `start`, where `bytes` begins from now on. */
  rebase(bytes: Buffer, start: number): void {
    this.bytes = bytes
    if (this.urlStart < 0) return
    this.urlStart -= start
    this.urlEnd -= start
    for (let at = 0; at < this.count * STRIDE; at++) this.#spans[at] = (this.#spans[at] ?? 0) - start
  }

  /** The offset after the head's empty line; Infinity if it is beyond `bytes`. */
  get end(): number {
    const from = this.count === 0 ? this.urlEnd : this.nameEnd(this.count - 1)
    // The end of the value is known, but for an empty value it is on a later line.
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
    // Until llhttp reports the value.
    this.#spans[at + 2] = start
    this.#spans[at + 3] = start
  }
}

const CR = 13
const LF = 10
