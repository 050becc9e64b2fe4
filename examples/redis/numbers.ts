import type { Bytes } from './bytes.js'

const MINUS = 45
const ZERO = 48
/** So many digits are exact in a JavaScript number. */
const EXACT_DIGITS = 15
/** No 64 bit integer is spelled in more. */
const MOST_LETTERS = 20
/** So many fit in 32 bits. */
const SHORT_DIGITS = 9

const MIN_INTEGER = -(2n ** 63n)
export const MAX_INTEGER = 2n ** 63n - 1n

/**
 * The integer that `bytes[start, end)` spells, as a number where that is exact, else as a `bigint`; `undefined` where it
 * is not the one spelling of a 64 bit integer: no blanks, no plus sign, no zeros in front.
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
  // As many digits as 32 bits hold are read without doubles, in half the time.
  const middle = Math.min(end, first + SHORT_DIGITS)
  const value = digitsIn(view, first, middle)
  const rest = digitsIn(view, middle, end)
  if (value < 0 || rest < 0) return undefined
  const whole = middle === end ? value : value * 10 ** (end - middle) + rest
  return negative ? -whole : whole
}

/** The number that at most nine digits spell; -1 where there is anything else. */
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

/**
 * The number that a text spells as C reads it, an infinity where it is too large and 0 where it is too small;
 * `undefined` where it spells none.
 */
export function parseBound(text: string): number | undefined {
  if (INFINITE.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (DECIMAL.test(text)) return Number(text)
  const [, sign = '', whole = '', fraction = '', power = '0'] = HEXADECIMAL.exec(text) ?? []
  if (whole + fraction === '') return undefined
  const value = scale(Number(BigInt(`0x${whole}${fraction}`)), Number(power) - 4 * fraction.length)
  return sign === '-' ? -value : value
}

/** The same for a number that a command is given, which may not be too large or too small. */
export function parseFloat64(text: string): number | undefined {
  const value = parseBound(text)
  if (value === undefined || INFINITE.test(text)) return value
  const vanished = value === 0 && !/^[+-]?(0x)?[0.]*([ep].*)?$/i.test(text)
  return Number.isFinite(value) && !vanished ? value : undefined
}

/** `value * 2 ** power`, in steps of which none leaves the range before the last. */
function scale(value: number, power: number): number {
  if (value === 0) return value
  const steps = Math.max(-2200, Math.min(2200, power))
  const half = Math.trunc(steps / 3)
  return value * 2 ** half * 2 ** half * 2 ** (steps - 2 * half)
}

/** A double in the seventeen digits that Redis 7.0 gives to scores: what C's `%.17g` prints. */
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
