import { Buffer } from 'node:buffer'
import type { Arguments } from '../arguments.js'
import { Bytes, type Span } from '../bytes.js'
import type { Database } from '../keyspace/database.js'
import { Event } from '../keyspace/event.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import { readBitOffset, roomFor } from './bits.js'
import type { Row, Run } from './command.js'
import { readExactInteger } from './reading.js'

const ONE_SOURCE = new Refusal('ERR BITOP NOT must be called with a single source key.')
const BAD_TYPE = new Refusal(
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
)
const BAD_OVERFLOW = new Refusal('ERR Invalid OVERFLOW type specified')
const ONLY_GET = new Refusal('ERR BITFIELD_RO only supports the GET subcommand')

const OPERATORS = new Map<string, (left: number, right: number) => number>([
  ['and', (left, right) => left & right],
  ['or', (left, right) => left | right],
  ['xor', (left, right) => left ^ right],
  ['not', left => ~left],
])

function bitop(database: Database, args: Arguments, reply: Reply): void {
  const operator = OPERATORS.get(args.word(1))
  if (operator === undefined) throw SYNTAX_ERROR
  const isNot = args.word(1) === 'not'
  if (isNot && args.count !== 4) throw ONE_SOURCE
  const sources: Buffer[] = []
  for (let index = 3; index < args.count; index++) sources.push(copyOf(database.string(args, index)))
  const length = Math.max(...sources.map(source => source.length))
  if (length === 0) database.delete(args, 2)
  else {
    const result = new Bytes(combine(sources, length, operator, isNot))
    database.setString(args, 2, result, 0, length)
    database.event(Event.String, 'set', args, 2)
  }
  reply.integer(length)
}

function copyOf(span: Span | undefined): Buffer {
  return span === undefined ? Buffer.alloc(0) : Bytes.copyOf(span).buffer
}

/** Shorter sources are padded with zeros. */
function combine(
  [first = Buffer.alloc(0), ...others]: readonly Buffer[],
  length: number,
  operator: (left: number, right: number) => number,
  isNot: boolean,
): Buffer {
  const result = Buffer.alloc(length)
  first.copy(result)
  if (isNot) for (const [at, byte] of result.entries()) result[at] = operator(byte, 0)
  for (const source of others) {
    for (let at = 0; at < length; at++) result[at] = operator(result[at] as number, source[at] ?? 0)
  }
  return result
}

/** One operation of BITFIELD on an integer of some bits. */
interface Operation {
  kind: 'get' | 'set' | 'incrby'
  signed: boolean
  bits: number
  offset: number
  value: bigint
  overflow: Overflow
}

type Overflow = 'wrap' | 'sat' | 'fail'

function bitfield(readOnly: boolean): Run {
  return (database, args, reply) => {
    const operations = readOperations(args)
    const writes = operations.filter(({ kind }) => kind !== 'get')
    if (readOnly && writes.length > 0) throw ONLY_GET
    const found = database.string(args, 1)
    const end = Math.max(...writes.map(({ offset, bits }) => offset + bits - 1))
    const span = writes.length > 0 ? roomFor(database, args, end) : found
    reply.array(operations.length)
    let changes = 0
    for (const operation of operations) if (runOperation(span, operation, reply)) changes++
    if (changes > 0) database.event(Event.String, 'setbit', args, 1)
  }
}

function readOperations(args: Arguments): Operation[] {
  const operations: Operation[] = []
  let overflow: Overflow = 'wrap'
  for (let index = 2; index < args.count; ) {
    const kind = args.word(index)
    const left = args.count - index - 1
    if (kind === 'overflow' && left >= 1) {
      overflow = readOverflow(args, index + 1)
      index += 2
    } else if ((kind === 'get' && left >= 2) || ((kind === 'set' || kind === 'incrby') && left >= 3)) {
      const { signed, bits } = readType(args, index + 1)
      const offset = readBitOffset(args, index + 2, bits)
      const value = kind === 'get' ? 0n : BigInt(readExactInteger(args, index + 3))
      operations.push({ kind, signed, bits, offset, value, overflow })
      index += kind === 'get' ? 3 : 4
    } else throw SYNTAX_ERROR
  }
  return operations
}

function readOverflow(args: Arguments, index: number): Overflow {
  const word = args.word(index)
  if (word !== 'wrap' && word !== 'sat' && word !== 'fail') throw BAD_OVERFLOW
  return word
}

function readType(args: Arguments, index: number): { signed: boolean; bits: number } {
  const [, sign, digits] = /^([iu])([1-9]\d?)(?:\0|$)/.exec(args.text(index)) ?? []
  const signed = sign === 'i'
  const bits = Number(digits ?? 0)
  if (bits < 1 || bits > (signed ? 64 : 63)) throw BAD_TYPE
  return { signed, bits }
}

/** Replies with the value read or written; returns whether anything changed. */
function runOperation(span: Span | undefined, operation: Operation, reply: Reply): boolean {
  const old = readBits(span, operation)
  if (operation.kind === 'get' || span === undefined) {
    reply.integer(old)
    return false
  }
  const value = limit(operation.kind === 'set' ? operation.value : old + operation.value, operation)
  if (value === undefined) {
    reply.null()
    return false
  }
  writeBits(span, operation, value)
  reply.integer(operation.kind === 'set' ? old : value)
  return value !== old
}

/** Fits a value to a number of bits; `undefined` if it overflows and must not be changed. */
function limit(value: bigint, { kind, signed, bits, overflow }: Operation): bigint | undefined {
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n
  const most = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n
  if (value >= least && value <= most) return value
  if (overflow === 'fail') return undefined
  if (overflow === 'wrap') return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
  // The new value of an unsigned field is read as an unsigned 64-bit integer.
  return value > most || (kind === 'set' && !signed) ? most : least
}

function readBits(span: Span | undefined, { offset, bits, signed }: Operation): bigint {
  const first = Math.floor(offset / 8)
  const last = Math.floor((offset + bits - 1) / 8)
  let value = 0n
  for (let at = first; at <= last; at++) value = (value << 8n) | BigInt(byteAt(span, at))
  value >>= BigInt(8 * (last + 1) - (offset + bits))
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
}

function byteAt(span: Span | undefined, at: number): number {
  return span === undefined || span.start + at >= span.end ? 0 : span.bytes.view.getUint8(span.start + at)
}

function writeBits({ bytes, start }: Span, { offset, bits }: Operation, value: bigint): void {
  for (let bit = 0; bit < bits; bit++) {
    const place = offset + bit
    const at = start + Math.floor(place / 8)
    const mask = 0x80 >> (place % 8)
    const isSet = ((value >> BigInt(bits - 1 - bit)) & 1n) === 1n
    const byte = bytes.view.getUint8(at)
    bytes.view.setUint8(at, isSet ? byte | mask : byte & ~mask)
  }
}

export const BIT_OPERATIONS: readonly Row[] = [
  ['bitfield', -2, 'write denyoom', 1, 1, 1, bitfield(false)],
  ['bitfield_ro', -2, 'readonly fast', 1, 1, 1, bitfield(true)],
  ['bitop', -4, 'write denyoom', 2, -1, 1, bitop],
]
