import type { Arguments } from '../arguments.js'
import type { Moment } from '../keyspace/heap.js'
import { MAX_INTEGER } from '../numbers.js'
import { Refusal } from '../refusal.js'
import { readExactInteger } from './reading.js'

const MAX_SECONDS = MAX_INTEGER / 1000n

/** The units of expiry options: seconds or milliseconds, from now or since 1970. */
const UNITS = new Map([
  ['ex', { inSeconds: true, absolute: false }],
  ['px', { inSeconds: false, absolute: false }],
  ['exat', { inSeconds: true, absolute: true }],
  ['pxat', { inSeconds: false, absolute: true }],
])

export function isExpiryOption(word: string): boolean {
  return UNITS.has(word)
}

/** Parses the value of an expiry option, which must be positive. */
export function readExpiry(
  args: Arguments,
  index: number,
  option: string,
  now: number,
  command: string,
): Moment {
  if (readExactInteger(args, index) <= 0) throw invalidExpiry(command)
  return readMoment(args, index, option, now, command)
}

/** Converts an argument in an option's unit to milliseconds since 1970. */
export function readMoment(
  args: Arguments,
  index: number,
  option: string,
  now: number,
  command: string,
): Moment {
  const { inSeconds = false, absolute = true } = UNITS.get(option) ?? {}
  const value = BigInt(readExactInteger(args, index))
  if (inSeconds && (value > MAX_SECONDS || value < -MAX_SECONDS)) throw invalidExpiry(command)
  const when = (inSeconds ? value * 1000n : value) + (absolute ? 0n : BigInt(Math.floor(now)))
  if (when > MAX_INTEGER) throw invalidExpiry(command)
  return Number.isSafeInteger(Number(when)) ? Number(when) : when
}

function invalidExpiry(command: string): Refusal {
  return new Refusal(`ERR invalid expire time in '${command}' command`)
}
