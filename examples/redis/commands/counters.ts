import type { Arguments } from '../arguments.js'
import { Bytes, type Span, text } from '../bytes.js'
import { addExtended, type Extended, formatExtended, parseExtended } from '../extended.js'
import type { Database } from '../keyspace/database.js'
import { Event } from '../keyspace/event.js'
import { isInteger64, parseInteger } from '../numbers.js'
import { NOT_A_FLOAT, NOT_AN_INTEGER, Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import { digitsOf, writeDigits } from '../wire.js'
import type { Row } from './command.js'
import { LONGEST_FLOAT, readExactInteger } from './reading.js'

const WOULD_OVERFLOW = new Refusal('ERR increment or decrement would overflow')
const DECREMENT_WOULD_OVERFLOW = new Refusal('ERR decrement would overflow')
const NOT_FINITE = new Refusal('ERR increment would produce NaN or Infinity')

/** The sum of two 64-bit integers, as a number if that is exact. */
export function add(left: number | bigint, right: number | bigint): number | bigint {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right
    if (Number.isSafeInteger(sum)) return sum
  }
  const sum = BigInt(left) + BigInt(right)
  if (!isInteger64(sum)) throw WOULD_OVERFLOW
  return sum
}

/** The integer of a key; 0 if the key does not exist. */
export function integerIn(value: Span | undefined, refusal: Refusal = NOT_AN_INTEGER): number | bigint {
  if (value === undefined) return 0
  const integer = parseInteger(value.bytes, value.start, value.end)
  if (integer === undefined) throw refusal
  return integer
}

/** The number of a key; 0 if the key does not exist. */
export function extendedIn(value: Span | undefined, refusal: Refusal = NOT_A_FLOAT): Extended {
  if (value === undefined) return { mantissa: 0n, exponent: 0, infinite: false }
  const extended = value.end - value.start > LONGEST_FLOAT ? undefined : parseExtended(text(value))
  if (extended === undefined) throw refusal
  return extended
}

/** The sum of two numbers, formatted. */
export function addFloats(left: Extended, right: Extended): string {
  if (left.infinite || right.infinite) throw NOT_FINITE
  const sum = addExtended(left, right)
  if (sum.infinite) throw NOT_FINITE
  return formatExtended(sum)
}

function change(database: Database, args: Arguments, reply: Reply, by: number | bigint): void {
  const old = database.string(args, 1)
  const sum = add(integerIn(old), by)
  if (old !== undefined && fits(sum, old) && database.isPlain) {
    // Byte by byte at both positions: copying what was just written would stall the processor.
    writeDigits(old.bytes.view, old.end, sum)
  } else {
    const value = Bytes.from(String(sum))
    database.replaceString(args, 1, value, 0, value.length)
  }
  database.event(Event.String, 'incrby', args, 1)
  reply.integer(sum)
}

/** Whether the value needs exactly this much room. */
function fits(value: number | bigint, room: Span): value is number {
  return typeof value === 'number' && value >= 0 && digitsOf(value) === room.end - room.start
}

function incr(database: Database, args: Arguments, reply: Reply): void {
  change(database, args, reply, 1)
}

function decr(database: Database, args: Arguments, reply: Reply): void {
  change(database, args, reply, -1)
}

function incrby(database: Database, args: Arguments, reply: Reply): void {
  change(database, args, reply, readExactInteger(args, 2))
}

function decrby(database: Database, args: Arguments, reply: Reply): void {
  const by = -BigInt(readExactInteger(args, 2))
  if (!isInteger64(by)) throw DECREMENT_WOULD_OVERFLOW
  change(database, args, reply, by)
}

function incrbyfloat(database: Database, args: Arguments, reply: Reply): void {
  const old = extendedIn(database.string(args, 1))
  const value = Bytes.from(addFloats(old, extendedIn(args.span(2))))
  database.replaceText(args, 1, value, 0, value.length)
  database.event(Event.String, 'incrbyfloat', args, 1)
  reply.bulk(value, 0, value.length)
}

export const COUNTERS: readonly Row[] = [
  ['decr', 2, 'write denyoom fast', 1, 1, 1, decr],
  ['decrby', 3, 'write denyoom fast', 1, 1, 1, decrby],
  ['incr', 2, 'write denyoom fast', 1, 1, 1, incr],
  ['incrby', 3, 'write denyoom fast', 1, 1, 1, incrby],
  ['incrbyfloat', 3, 'write denyoom fast', 1, 1, 1, incrbyfloat],
]
