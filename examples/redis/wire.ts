import { type Bytes, copy, type Span } from './bytes.js'

const ZERO = 48
const DOLLAR = 36
const CR = 13
/** A line end, read as a little-endian number. */
const CRLF = 0x0a0d
export const LINE_END = 2
const MAX_INT32 = 2 ** 31 - 1

/** How many digits a number has that is not negative. */
export function digitsOf(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  let digits = 3
  for (let limit = 1000; value >= limit; limit *= 10) digits++
  return digits
}

/** Bytes of a bulk string, `$3\r\nabc\r\n`, of so many bytes. */
export function bulkSize(length: number): number {
  return length + digitsOf(length) + 5
}

/** Writes a number that is not negative and its line end; answers where that ends. */
export function writeNumber(to: DataView, at: number, value: number): number {
  const end = at + digitsOf(value)
  let digit = end
  let rest = value
  // Only 32 bits are divided without a division.
  for (; rest > MAX_INT32; rest = Math.floor(rest / 10)) to.setUint8(--digit, ZERO + (rest % 10))
  writeDigits(to, digit, rest | 0)
  to.setUint16(end, CRLF, true)
  return end + LINE_END
}

/** Writes the digits of a number of 32 bits that end there. */
function writeDigits(to: DataView, end: number, value: number): void {
  let digit = end
  let rest = value
  do {
    const tenth = (rest / 10) | 0
    to.setUint8(--digit, ZERO + rest - tenth * 10)
    rest = tenth
  } while (rest > 0)
}

/** Writes `from[start, end)` as a bulk string; answers where that ends. */
export function writeBulk(to: Bytes, at: number, from: Bytes, start: number, end: number): number {
  to.view.setUint8(at, DOLLAR)
  const content = writeNumber(to.view, at + 1, end - start)
  copy(from, start, end, to, content)
  const after = content + end - start
  to.view.setUint16(after, CRLF, true)
  return after + 2
}

/** What is in a bulk string. */
export function contentOf({ bytes, start, end }: Span): Span {
  let content = start + 2
  while (bytes.view.getUint8(content) !== CR) content++
  return { bytes, start: content + 2, end: end - 2 }
}
