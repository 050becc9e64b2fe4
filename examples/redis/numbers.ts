import type { Bytes } from './bytes.js'

const MINUS = 45
const ZERO = 48
/** Integers with this many digits are exact in a JavaScript number. */
const EXACT_DIGITS = 15
/** The longest spelling of a 64 bit integer. */
const MOST_LETTERS = 20
/** Integers with this many digits fit in 32 bits. */
const SHORT_DIGITS = 9

const MIN_INTEGER = -(2n ** 63n)
export const MAX_INTEGER = 2n ** 63n - 1n

/**
 * Parses `bytes[start, end)` as an integer: a number if that is exact, otherwise a `bigint`; `undefined` unless it is
 * the canonical spelling of a 64 bit integer, without blanks, plus sign or leading zeros.
 */
export function parseInteger(bytes: Bytes, start: number, end: number): number | bigint | undefined {
  const { view } = bytes
  if (start === end) return undefined
  const negative = view.getUint8(start) === MINUS
  const first = negative ? start + 1 : start
  if (end - start > MOST_LETTERS) return undefined
  if (end - first > EXACT_DIGITS) return parseLong(bytes.buffer.toString('latin1', start, end))
  if (first === end) return undefined
  if (view.getUint8(first) === ZERO) return end - start === 1 ? 0 : undefined
  // Digits that fit in 32 bits are parsed without doubles, in half the time.
  const middle = Math.min(end, first + SHORT_DIGITS)
  const value = digitsIn(view, first, middle)
  const rest = digitsIn(view, middle, end)
  if (value < 0 || rest < 0) return undefined
  const whole = middle === end ? value : value * 10 ** (end - middle) + rest
  return negative ? -whole : whole
}

/** Parses at most nine digits; -1 for anything else. */
function digitsIn(view: DataView, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = view.getUint8(at) - ZERO
    if (digit < 0 || digit > 9) return -1
    value = (Math.imul(value, 10) + digit) | 0
  }
  return value
}

function parseLong(text: string): bigint | undefined {
  if (!/^-?[1-9]\d{0,18}$/.test(text)) return undefined
  const value = BigInt(text)
  return isInteger64(value) ? value : undefined
}

export function isInteger64(value: bigint): boolean {
  return value >= MIN_INTEGER && value <= MAX_INTEGER
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i
const INFINITE = /^[+-]?inf(inity)?$/i

/** Parses a number as C does: infinite if it is too large, 0 if it is too small; `undefined` if it is not a number. */
export function parseBound(text: string): number | undefined {
  if (INFINITE.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (DECIMAL.test(text)) return Number(text)
  const [, sign = '', whole = '', fraction = '', power = '0'] = HEXADECIMAL.exec(text) ?? []
  if (whole + fraction === '') return undefined
  const value = scale(Number(BigInt(`0x${whole}${fraction}`)), Number(power) - 4 * fraction.length)
  return sign === '-' ? -value : value
}

/** Parses the numeric argument of a command, which must be neither too large nor too small. */
export function parseFloat64(text: string): number | undefined {
  const value = parseBound(text)
  if (value === undefined || INFINITE.test(text)) return value
  const vanished = value === 0 && !/^[+-]?(0x)?[0.]*([ep].*)?$/i.test(text)
  return Number.isFinite(value) && !vanished ? value : undefined
}

/** `value * 2 ** power`, in steps of which only the last may leave the range. */
function scale(value: number, power: number): number {
  if (value === 0) return value
  const steps = Math.max(-2200, Math.min(2200, power))
  const half = Math.trunc(steps / 3)
  return value * 2 ** half * 2 ** half * 2 ** (steps - 2 * half)
}

/** Formats a double with the seventeen digits of Redis 7.0's scores, as C's `%.17g` does. */
export function formatScore(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : value < 0 ? '-inf' : 'nan'
  if (Object.is(value, -0)) return '-0'
  if (Number.isSafeInteger(value)) return String(value)
  const [mantissa = '', exponent = ''] = value.toExponential(16).split('e')
  const power = Number(exponent)
  if (power >= -5 && power < 17) return trim(value.toFixed(16 - power))
  const digits = String(Math.abs(power)).padStart(2, '0')
  return `${trim(mantissa)}e${power < 0 ? '-' : '+'}${digits}`
}

function trim(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
