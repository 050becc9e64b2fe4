/** Bits of the mantissa, and the exponent of the lowest bit of the smallest number. */
const PRECISION = 64
const LOWEST = -16445
const LIMIT = 1n << 16384n
/** Decimal exponents beyond which a number is infinite or 0. */
const MOST_DIGITS = 5000

/** Digits after the decimal point. */
const SHOWN = 17
const SCALE = 10n ** BigInt(SHOWN)

const DECIMAL = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:e([+-]?\d+))?$/i
const HEXADECIMAL = /^([+-]?)0x(?:([\da-f]+)\.?([\da-f]*)|\.([\da-f]+))(?:p([+-]?\d+))?$/i
const INFINITE = /^[+-]?inf(inity)?$/i

/** `mantissa * 2 ** exponent`; an infinity has no mantissa. */
export interface Extended {
  mantissa: bigint
  exponent: number
  infinite: boolean
}

/**
 * Parses a number with the precision of an x86 `long double`, which INCRBYFLOAT uses; `undefined` if it is not a
 * number, or too large or too small.
 */
export function parseExtended(text: string): Extended | undefined {
  if (INFINITE.test(text)) return { mantissa: text.startsWith('-') ? -1n : 1n, exponent: 0, infinite: true }
  const decimal = DECIMAL.exec(text)
  const hexadecimal = decimal === null ? HEXADECIMAL.exec(text) : null
  const parsed =
    decimal !== null ? fromDecimal(decimal) : hexadecimal !== null ? fromHexadecimal(hexadecimal) : undefined
  return parsed?.infinite ? undefined : parsed
}

/** Adds two finite numbers; the sum is infinite if it is too large. */
export function addExtended(left: Extended, right: Extended): Extended {
  const exponent = Math.min(left.exponent, right.exponent)
  const sum = aligned(left, exponent) + aligned(right, exponent)
  return rounded(sum, 1n, exponent)
}

/** Formats a number as INCRBYFLOAT does: at most seventeen digits after the decimal point, and no exponent. */
export function formatExtended({ mantissa, exponent }: Extended): string {
  if (exponent >= 0) return String(mantissa << BigInt(exponent))
  const magnitude = mantissa < 0n ? -mantissa : mantissa
  const scaled = divideToEven(magnitude * SCALE, 1n << BigInt(-exponent))
  const digits = String(scaled).padStart(SHOWN + 1, '0')
  const fraction = digits.slice(-SHOWN).replace(/0+$/, '')
  const sign = mantissa < 0n && scaled > 0n ? '-' : ''
  return `${sign}${digits.slice(0, -SHOWN)}${fraction === '' ? '' : `.${fraction}`}`
}

function fromDecimal([, sign = '', whole = '', behind = '', only = '', power = '0']: RegExpExecArray) {
  const fraction = behind + only
  const digits = BigInt(whole + fraction)
  const exponent = Number(power) - fraction.length
  if (digits === 0n) return { mantissa: 0n, exponent: 0, infinite: false }
  const magnitude = String(digits).length + exponent
  if (Math.abs(magnitude) > MOST_DIGITS) return undefined
  const signed = sign === '-' ? -digits : digits
  const scale = 10n ** BigInt(Math.abs(exponent))
  return nonZero(exponent < 0 ? rounded(signed, scale, 0) : rounded(signed * scale, 1n, 0))
}

function fromHexadecimal([, sign = '', whole = '', behind = '', only = '', power = '0']: RegExpExecArray) {
  const fraction = behind + only
  const digits = BigInt(`0x${whole}${fraction}`)
  const exponent = Number(power) - 4 * fraction.length
  if (digits === 0n) return { mantissa: 0n, exponent: 0, infinite: false }
  if (Math.abs(exponent) > 8 * MOST_DIGITS) return undefined
  return nonZero(rounded(sign === '-' ? -digits : digits, 1n, exponent))
}

/** A number that is not 0 but rounds to 0 can't be read. */
function nonZero(value: Extended): Extended | undefined {
  return value.mantissa === 0n ? undefined : value
}

/** `numerator / denominator * 2 ** exponent`, rounded to the available bits. */
function rounded(numerator: bigint, denominator: bigint, exponent: number): Extended {
  const magnitude = numerator < 0n ? -numerator : numerator
  const bits = bitLength(magnitude) - bitLength(denominator)
  // The quotient has one more bit than is kept, so a second rounding is exact.
  const lowest = Math.max(bits + exponent - PRECISION, LOWEST)
  const first = quotient(magnitude, denominator, exponent - lowest)
  const isLong = bitLength(first) > PRECISION
  const mantissa = isLong ? quotient(magnitude, denominator, exponent - lowest - 1) : first
  const at = isLong ? lowest + 1 : lowest
  const infinite = at > 0 && mantissa << BigInt(at) >= LIMIT
  return { mantissa: numerator < 0n ? -mantissa : mantissa, exponent: at, infinite }
}

function quotient(magnitude: bigint, denominator: bigint, shift: number): bigint {
  return shift >= 0
    ? divideToEven(magnitude << BigInt(shift), denominator)
    : divideToEven(magnitude, denominator << BigInt(-shift))
}

function divideToEven(dividend: bigint, divisor: bigint): bigint {
  const whole = dividend / divisor
  const twice = 2n * (dividend % divisor)
  return twice > divisor || (twice === divisor && (whole & 1n) === 1n) ? whole + 1n : whole
}

function aligned({ mantissa, exponent }: Extended, to: number): bigint {
  return mantissa << BigInt(exponent - to)
}

function bitLength(value: bigint): number {
  if (value === 0n) return 0
  const hex = value.toString(16)
  return 4 * (hex.length - 1) + (32 - Math.clz32(Number.parseInt(hex.charAt(0), 16)))
}
