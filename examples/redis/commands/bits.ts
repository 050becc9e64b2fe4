import type { Arguments } from '../arguments.js'
import { NOWHERE, type Span } from '../bytes.js'
import type { Database } from '../keyspace/database.js'
import { Event } from '../keyspace/event.js'
import { parseInteger } from '../numbers.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row } from './command.js'
import { readBetween, readExactInteger, readInteger } from './reading.js'

/** The largest string, in bits. */
const MOST_BITS = 8 * 512 * 1024 * 1024

const BAD_OFFSET = new Refusal('ERR bit offset is not an integer or out of range')
const BAD_BIT = new Refusal('ERR bit is not an integer or out of range')
const NO_BIT = new Refusal('ERR The bit argument must be 1 or 0.')

const COUNTS = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length)
const value: Span = { ...NOWHERE }

/** The position of a bit, counted from the highest of the first byte. With `#`, in units of `width`. */
export function readBitOffset(args: Arguments, index: number, width = 0): number {
  const steps = width > 0 && args.text(index).startsWith('#')
  const number = parseInteger(args.bytes, args.start(index) + (steps ? 1 : 0), args.end(index))
  const offset = Number(number) * (steps ? width : 1)
  if (number === undefined || offset < 0 || offset >= MOST_BITS) throw BAD_OFFSET
  return offset
}

/** Extends a string up to the bit at an offset, and returns its bytes. */
export function roomFor(database: Database, args: Arguments, offset: number): Span {
  const old = database.string(args, 1)
  const length = old === undefined ? 0 : old.end - old.start
  return database.resizeString(args, 1, Math.max(length, Math.floor(offset / 8) + 1))
}

function bitAt({ bytes, start, end }: Span, offset: number): number {
  const at = start + Math.floor(offset / 8)
  return at < end ? (bytes.view.getUint8(at) >> (7 - (offset % 8))) & 1 : 0
}

function getbit(database: Database, args: Arguments, reply: Reply): void {
  const offset = readBitOffset(args, 2)
  const found = database.string(args, 1)
  reply.integer(found === undefined ? 0 : bitAt(found, offset))
}

function setbit(database: Database, args: Arguments, reply: Reply): void {
  const offset = readBitOffset(args, 2)
  const bit = readBetween(args, 3, 0, 1, BAD_BIT)
  const span = roomFor(database, args, offset)
  const old = bitAt(span, offset)
  const at = span.start + Math.floor(offset / 8)
  const mask = 0x80 >> (offset % 8)
  const byte = span.bytes.view.getUint8(at)
  span.bytes.view.setUint8(at, bit === 1 ? byte | mask : byte & ~mask)
  database.event(Event.String, 'setbit', args, 1)
  reply.integer(old)
}

/**
 * The bits `[first, last]` of two arguments, which count from the beginning or, if negative, from the end of a string.
 */
function readBits(args: Arguments, index: number, length: number, inBits: boolean): [number, number] {
  const total = inBits ? 8 * length : length
  const start = readInteger(args, index)
  const end = readInteger(args, index + 1)
  if (start < 0 && end < 0 && start > end) return [0, -1]
  return bitsOf(start, end, total, inBits)
}

function bitsOf(start: number, end: number, total: number, inBits: boolean): [number, number] {
  const first = Math.max(start < 0 ? total + start : start, 0)
  const last = Math.min(Math.max(end < 0 ? total + end : end, 0), total - 1)
  if (first > last) return [0, -1]
  return inBits ? [first, last] : [8 * first, 8 * last + 7]
}

function readUnit(args: Arguments, index: number): boolean {
  if (index >= args.count) return false
  const word = args.word(index)
  if (word !== 'bit' && word !== 'byte') throw SYNTAX_ERROR
  return word === 'bit'
}

function bitcount(database: Database, args: Arguments, reply: Reply): void {
  const found = database.string(args, 1)
  if (found === undefined) return reply.integer(0)
  Object.assign(value, found)
  const length = value.end - value.start
  if (args.count === 3 || args.count > 5) throw SYNTAX_ERROR
  let bits: [number, number] = [0, 8 * length - 1]
  if (args.count > 3) {
    // Redis parses the unit last, and not at all if the range is empty.
    const first = readInteger(args, 2)
    const last = readInteger(args, 3)
    if (first < 0 && last < 0 && first > last) return reply.integer(0)
    bits = readBits(args, 2, length, readUnit(args, 4))
  }
  reply.integer(countBits(value, ...bits))
}

function countBits({ bytes, start }: Span, first: number, last: number): number {
  let count = 0
  for (let at = Math.floor(first / 8); at <= Math.floor(last / 8) && first <= last; at++) {
    count += COUNTS[bytes.view.getUint8(start + at) & maskOf(at, first, last)] as number
  }
  return count
}

/** Which bits of the byte at a position are in `[first, last]`. */
function maskOf(at: number, first: number, last: number): number {
  let mask = 0xff
  if (at === Math.floor(first / 8)) mask &= 0xff >> (first % 8)
  if (at === Math.floor(last / 8)) mask &= 0xff << (7 - (last % 8))
  return mask
}

function bitpos(database: Database, args: Arguments, reply: Reply): void {
  const bit = Number(readExactInteger(args, 2))
  if (bit !== 0 && bit !== 1) throw NO_BIT
  const found = database.string(args, 1)
  if (found === undefined) return reply.integer(bit === 1 ? -1 : 0)
  Object.assign(value, found)
  const length = value.end - value.start
  if (args.count > 6) throw SYNTAX_ERROR
  const start = args.count > 3 ? readInteger(args, 3) : 0
  const inBits = readUnit(args, 5)
  const end = args.count > 4 ? readInteger(args, 4) : length - 1
  const [first, last] = bitsOf(start, end, inBits ? 8 * length : length, inBits)
  const position = findBit(value, bit, first, last)
  // Without an explicit end, infinitely many zeros follow a string.
  const beyond = position < 0 && bit === 0 && args.count < 5 && first <= last
  reply.integer(beyond ? last + 1 : position)
}

function findBit({ bytes, start }: Span, bit: number, first: number, last: number): number {
  const skipped = bit === 1 ? 0 : 0xff
  for (let at = Math.floor(first / 8); at <= Math.floor(last / 8) && first <= last; at++) {
    const wanted = (bytes.view.getUint8(start + at) ^ skipped) & maskOf(at, first, last)
    if (wanted !== 0) return 8 * at + Math.clz32(wanted) - 24
  }
  return -1
}

export const BITS: readonly Row[] = [
  ['bitcount', -2, 'readonly', 1, 1, 1, bitcount],
  ['bitpos', -3, 'readonly', 1, 1, 1, bitpos],
  ['getbit', 3, 'readonly fast', 1, 1, 1, getbit],
  ['setbit', 4, 'write denyoom', 1, 1, 1, setbit],
]
