import { type Bytes, copy, type Span } from './bytes.js'

const ZERO = 48
const DOLLAR = 36
const CR = 13
/** A line end, as a little-endian number. */
export const CRLF = 0x0a0d
/** The two digits of each number below a hundred, the tens in the lower byte. */
const PAIRS = Uint16Array.from(
  { length: 100 },
  (_, pair) => ((ZERO + (pair % 10)) << 8) | (ZERO + Math.floor(pair / 10)),
)
const MAX_INT32 = 2 ** 31 - 1

/** The number of digits of a non-negative number. */
export function digitsOf(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  let digits = 3
  for (let limit = 1000; value >= limit; limit *= 10) digits++
  return digits
}

/** The size of a bulk string, `$3\r\nabc\r\n`, with this content length. */
export function bulkSize(length: number): number {
  return length + digitsOf(length) + 5
}

/** Writes a line of a type and a non-negative number; returns its end. */
export function writeLine(to: DataView, at: number, type: number, value: number): number {
  if (value < 10) {
    to.setInt32(at, type | ((ZERO + value) << 8) | (CRLF << 16), true)
    return at + 4
  }
  to.setUint8(at, type)
  return writeNumber(to, at + 1, value)
}

/** Writes a non-negative number and a line end; returns the end. */
export function writeNumber(to: DataView, at: number, value: number): number {
  const end = at + digitsOf(value)
  writeDigits(to, end, value)
  to.setUint16(end, CRLF, true)
  return end + 2
}

/** Writes the digits of a non-negative number, the last one before `end`. */
export function writeDigits(to: DataView, end: number, value: number): void {
  let digit = end
  let long = value
  // Only 32 bits are divided without a division instruction.
  for (; long > MAX_INT32; long = Math.floor(long / 10)) to.setUint8(--digit, ZERO + (long % 10))
  let rest = long | 0
  for (; rest >= 100; digit -= 2) {
    const hundredth = (rest / 100) | 0
    to.setUint16(digit - 2, PAIRS[rest - hundredth * 100] as number, true)
    rest = hundredth
  }
  if (rest < 10) to.setUint8(digit - 1, ZERO + rest)
  else to.setUint16(digit - 2, PAIRS[rest] as number, true)
}

/** Writes `from[start, end)` as a bulk string; returns its end. */
export function writeBulk(to: Bytes, at: number, from: Bytes, start: number, end: number): number {
  const content = writeLine(to.view, at, DOLLAR, end - start)
  copy(from, start, end, to, content)
  const after = content + end - start
  to.view.setUint16(after, CRLF, true)
  return after + 2
}

/** The content of a bulk string. */
export function contentOf({ bytes, start, end }: Span): Span {
  let content = start + 2
  while (bytes.view.getUint8(content) !== CR) content++
  return { bytes, start: content + 2, end: end - 2 }
}
