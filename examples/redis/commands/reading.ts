import type { Arguments } from '../arguments.js'
import { parseFloat64, parseInteger } from '../numbers.js'
import { NOT_A_FLOAT, NOT_AN_INTEGER, Refusal } from '../refusal.js'

export const BAD_DATABASE = new Refusal('ERR DB index is out of range')

/** An argument as an integer; from 2 ** 53 on as the nearest number that there is. */
export function readInteger(args: Arguments, index: number, refusal: Refusal = NOT_AN_INTEGER): number {
  const value = parseInteger(args.bytes, args.start(index), args.end(index))
  if (value === undefined) throw refusal
  return Number(value)
}

/** An argument as an integer of 64 bits, all of which count. */
export function readExactInteger(args: Arguments, index: number): number | bigint {
  const value = parseInteger(args.bytes, args.start(index), args.end(index))
  if (value === undefined) throw NOT_AN_INTEGER
  return value
}

export function readFloat(args: Arguments, index: number, refusal: Refusal = NOT_A_FLOAT): number {
  const value = parseFloat64(args.text(index))
  if (value === undefined) throw refusal
  return value
}

/** How options say when a key expires: in seconds or milliseconds, from now or since 1970. */
const UNITS = new Map([
  ['ex', { scale: 1000, absolute: false }],
  ['px', { scale: 1, absolute: false }],
  ['exat', { scale: 1000, absolute: true }],
  ['pxat', { scale: 1, absolute: true }],
])

export function isExpiryOption(word: string): boolean {
  return UNITS.has(word)
}

/** The moment that an expiry option's value means, which must be a positive one. */
export function readExpiry(
  args: Arguments,
  index: number,
  option: string,
  now: number,
  command: string,
): number {
  const value = readInteger(args, index)
  if (value <= 0) throw invalidExpiry(command)
  return expiryAt(value, option, now, command)
}

/** The moment, in milliseconds since 1970, that a value in an option's unit means. */
export function expiryAt(value: number, option: string, now: number, command: string): number {
  const { scale = 1, absolute = true } = UNITS.get(option) ?? {}
  const when = value * scale + (absolute ? 0 : now)
  if (Math.abs(value * scale) >= 2 ** 63 || when >= 2 ** 63) throw invalidExpiry(command)
  return when
}

function invalidExpiry(command: string): Refusal {
  return new Refusal(`ERR invalid expire time in '${command}' command`)
}
