import type { Arguments } from '../arguments.js'
import { MAX_INTEGER, parseFloat64, parseInteger } from '../numbers.js'
import { NOT_A_FLOAT, NOT_AN_INTEGER, Refusal, SYNTAX_ERROR } from '../refusal.js'

export const NOT_POSITIVE = new Refusal('ERR value is out of range, must be positive')
const BAD_KEY_COUNT = new Refusal('ERR numkeys should be greater than 0')
const BAD_LIMIT = new Refusal("ERR LIMIT can't be negative")
const BAD_COUNT = new Refusal('ERR count should be greater than 0')

/** More digits than this are not parsed, even if many are zeros. */
export const LONGEST_FLOAT = 5 * 1024 - 1

export const BAD_DATABASE = new Refusal('ERR DB index is out of range')

/** Parses an integer; from 2 ** 53 on, to the nearest representable number. */
export function readInteger(args: Arguments, index: number, refusal: Refusal = NOT_AN_INTEGER): number {
  const value = parseInteger(args.bytes, args.start(index), args.end(index))
  if (value === undefined) throw refusal
  return Number(value)
}

/** Parses a 64-bit integer exactly. */
export function readExactInteger(args: Arguments, index: number): number | bigint {
  const value = parseInteger(args.bytes, args.start(index), args.end(index))
  if (value === undefined) throw NOT_AN_INTEGER
  return value
}

/** Parses an integer from `least` to `most`. */
export function readBetween(
  args: Arguments,
  index: number,
  least: number | bigint,
  most: number | bigint,
  refusal?: Refusal,
): number {
  const value = parseInteger(args.bytes, args.start(index), args.end(index))
  if (value === undefined) throw refusal ?? NOT_AN_INTEGER
  if (value >= least && value <= most) return Number(value)
  throw refusal ?? new Refusal(`ERR value is out of range, value must between ${least} and ${most}`)
}

/** Parses a 32-bit integer. */
export function readInt32(args: Arguments, index: number, refusal?: Refusal): number {
  return readBetween(args, index, -(2 ** 31), 2 ** 31 - 1, refusal)
}

/** Parses a non-negative integer. */
export function readPositive(args: Arguments, index: number, refusal: Refusal = NOT_POSITIVE): number {
  return readBetween(args, index, 0, MAX_INTEGER, refusal)
}

/** The number of keys after this argument, of which there may be fewer. */
export function readKeyCount(args: Arguments, index: number): number {
  return readBetween(args, index, 1, MAX_INTEGER, BAD_KEY_COUNT)
}

/** Parses `COUNT count` if there are arguments at `index`; otherwise 1. */
export function readCount(args: Arguments, index: number): number {
  if (index >= args.count) return 1
  if (index + 1 === args.count || args.word(index) !== 'count') throw SYNTAX_ERROR
  const count = readBetween(args, index + 1, 1, MAX_INTEGER, BAD_COUNT)
  if (index + 2 < args.count) throw SYNTAX_ERROR
  return count
}

/** Parses `LIMIT limit` at the end if there are arguments at `index`; otherwise 0, which means no limit. */
export function readLimit(args: Arguments, index: number): number {
  let limit = 0
  for (let at = index; at < args.count; at += 2) {
    if (at + 1 === args.count || args.word(at) !== 'limit') throw SYNTAX_ERROR
    limit = readPositive(args, at + 1, BAD_LIMIT)
  }
  return limit
}

export function readFloat(args: Arguments, index: number, refusal: Refusal = NOT_A_FLOAT): number {
  // Most are integers, which are parsed without making a string.
  const integer = parseInteger(args.bytes, args.start(index), args.end(index))
  const value = typeof integer === 'number' ? integer : longFloat(args, index)
  if (value === undefined) throw refusal
  return value
}

function longFloat(args: Arguments, index: number): number | undefined {
  return args.length(index) > LONGEST_FLOAT ? undefined : parseFloat64(args.text(index))
}

/** A range of positions, inclusive; negative ones count from the end. */
export interface Range {
  /** The positions in the range among `length`: `[from, to)`. */
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
