import { Buffer } from 'node:buffer'

/**
 * Memory with two views: a `Buffer` for long runs and text, and a `DataView`, whose reads and writes of four bytes at
 * any offset compile to single instructions. A call into C++ costs as much as copying about two hundred bytes that
 * way, so the hot path makes such a call only for more.
 */
export class Bytes {
  readonly buffer: Buffer
  readonly view: DataView

  constructor(buffer: Buffer) {
    this.buffer = buffer
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  }

  static allocate(size: number): Bytes {
    return new Bytes(Buffer.allocUnsafeSlow(size))
  }

  static from(text: string): Bytes {
    return new Bytes(Buffer.from(text))
  }

  static copyOf(span: Span): Bytes {
    return new Bytes(Buffer.from(span.bytes.buffer.subarray(span.start, span.end)))
  }

  get length(): number {
    return this.buffer.length
  }
}

/** A range of memory: `bytes[start, end)`. */
export interface Span {
  bytes: Bytes
  start: number
  end: number
}

export const NOWHERE: Readonly<Span> = { bytes: Bytes.allocate(0), start: 0, end: 0 }

/** From this length on, `Buffer.copy` is faster than a loop. */
const LONG = 192

/** Copies `from[start, end)` to `to[at…]`. Within the same memory the ranges must not overlap. */
export function copy(from: Bytes, start: number, end: number, to: Bytes, at: number): void {
  if (end - start >= LONG) from.buffer.copy(to.buffer, at, start, end)
  else copyShort(from.view, start, end, to.view, at)
}

/** The last four bytes of a run may overlap those before them: that costs less than handling them one by one. */
function copyShort(from: DataView, start: number, end: number, to: DataView, at: number): void {
  const last = end - 4
  if (last < start) return copyTail(from, start, end, to, at)
  const shift = at - start
  for (let next = start; next < last; next += 4) to.setInt32(next + shift, from.getInt32(next, true), true)
  to.setInt32(last + shift, from.getInt32(last, true), true)
}

/** At most three bytes. */
function copyTail(from: DataView, start: number, end: number, to: DataView, at: number): void {
  if (end === start) return
  to.setUint8(at, from.getUint8(start))
  if (end > start + 1) to.setUint16(at + end - start - 2, from.getUint16(end - 2, true), true)
}

/** Whether `length` bytes from `start` in one and from `at` in the other are equal. */
export function same(left: DataView, start: number, right: DataView, at: number, length: number): boolean {
  const last = start + length - 4
  if (last < start) return sameTail(left, start, right, at, length)
  const shift = at - start
  for (let next = start; next < last; next += 4) {
    if (left.getInt32(next, true) !== right.getInt32(next + shift, true)) return false
  }
  return left.getInt32(last, true) === right.getInt32(last + shift, true)
}

function sameTail(left: DataView, start: number, right: DataView, at: number, length: number): boolean {
  for (let index = 0; index < length; index++) {
    if (left.getUint8(start + index) !== right.getUint8(at + index)) return false
  }
  return true
}

/** Whether two spans have the same bytes. */
export function equal(left: Span, right: Span): boolean {
  const length = left.end - left.start
  if (length !== right.end - right.start) return false
  return same(left.bytes.view, left.start, right.bytes.view, right.start, length)
}

/** Compares two spans by bytes: negative, 0 or positive. */
export function compare(left: Span, right: Span): number {
  const { view } = left.bytes
  const other = right.bytes.view
  let at = left.start
  let otherAt = right.start
  while (at + 4 <= left.end && otherAt + 4 <= right.end) {
    if (view.getInt32(at, true) !== other.getInt32(otherAt, true)) break
    at += 4
    otherAt += 4
  }
  while (at < left.end && otherAt < right.end) {
    const difference = view.getUint8(at++) - other.getUint8(otherAt++)
    if (difference !== 0) return difference
  }
  return left.end - at - (right.end - otherAt)
}

/** The bytes as a string with a character for each byte (latin1). */
export function text(span: Span): string {
  return span.bytes.buffer.toString('latin1', span.start, span.end)
}
