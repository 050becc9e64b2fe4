import type { Arguments } from '../arguments.js'
import { parseFloat64, parseInteger } from '../numbers.js'
import { NOT_A_FLOAT, NOT_AN_INTEGER, Refusal, SYNTAX_ERROR } from '../refusal.js'

export const NOT_POSITIVE = new Refusal('ERR value is out of range, must be positive')
const BAD_KEY_COUNT = new Refusal('ERR numkeys should be greater than 0')
const TOO_MANY_KEYS = new Refusal("ERR Number of keys can't be greater than number of args")
const BAD_LIMIT = new Refusal("ERR LIMIT can't be negative")
const BAD_COUNT = new Refusal('ERR count should be greater than 0')

/** More digits than this are not read, however many zeros among them there may be. */
export const LONGEST_FLOAT = 5 * 1024 - 1

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

/** How many keys follow this argument. */
export function readKeyCount(args: Arguments, index: number): number {
  const count = readInteger(args, index, BAD_KEY_COUNT)
  if (count <= 0) throw BAD_KEY_COUNT
  if (count > args.count - index - 1) throw TOO_MANY_KEYS
  return count
}

/** `COUNT count` where arguments go on at `index`, else 1. */
export function readCount(args: Arguments, index: number): number {
  if (index >= args.count) return 1
  if (index + 2 !== args.count || args.word(index) !== 'count') throw SYNTAX_ERROR
  const count = readInteger(args, index + 1, BAD_COUNT)
  if (count <= 0) throw BAD_COUNT
  return count
}

/** `LIMIT limit` where arguments go on at `index`, else 0, which is none. */
export function readLimit(args: Arguments, index: number): number {
  if (index === args.count) return 0
  if (index + 2 !== args.count || args.word(index) !== 'limit') throw SYNTAX_ERROR
  const limit = readInteger(args, index + 1)
  if (limit < 0) throw BAD_LIMIT
  return limit
}

export function readFloat(args: Arguments, index: number, refusal: Refusal = NOT_A_FLOAT): number {
  // Most are integers, which are read without a string.
  const integer = parseInteger(args.bytes, args.start(index), args.end(index))
  const value = typeof integer === 'number' ? integer : longFloat(args, index)
  if (value === undefined) throw refusal
  return value
}

function longFloat(args: Arguments, index: number): number | undefined {
  return args.length(index) > LONGEST_FLOAT ? undefined : parseFloat64(args.text(index))
}

/** A range of places: from one on to another, both of them in it; negative ones count from the end. */
export interface Range {
  /** Of `length` places those that are in the range: `[from, to)`. */
  of(length: number): { from: number; to: number }
}

export function readRange(args: Arguments, index: number): Range {
  const first = readInteger(args, index)
  const last = readInteger(args, index + 1)
  return {
    of(length) {
      const from = Math.max(first < 0 ? length + first : first, 0)
      const to = Math.min(last < 0 ? length + last : last, length - 1) + 1
      return from < to ? { from, to } : { from: 0, to: 0 }
    },
  }
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
