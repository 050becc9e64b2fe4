import { Buffer } from 'node:buffer'
import type { Arguments } from '../arguments.js'
import { Bytes, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import { Dict } from '../keyspace/dict.js'
import { noteField, noteScored, noteSet } from '../keyspace/encoding.js'
import { List } from '../keyspace/list.js'
import { SortedSet } from '../keyspace/sorted-set.js'
import { parseFloat64 } from '../numbers.js'
import { crc64 } from './crc64.js'
import { Cursor } from './cursor.js'
import { FOOTER, Type, VERSION } from './format.js'
import { listpackElements } from './listpack.js'
import { Malformed } from './malformed.js'

const CONTAINER = { Plain: 1, Packed: 2 } as const

/** Whether a dump has a known version and a valid checksum. */
export function isWhole(bytes: Buffer): boolean {
  if (bytes.length < FOOTER) return false
  const content = bytes.subarray(0, bytes.length - 8)
  if (content.readUInt16LE(content.length - 2) > VERSION) return false
  return bytes.readBigUInt64LE(content.length) === crc64(content)
}

/**
 * Restores a dump to a key.
 *
 * @throws `Malformed` if the dump is invalid; then nothing changes.
 */
export function restore(database: Database, args: Arguments, index: number, bytes: Buffer): void {
  const cursor = new Cursor(bytes.subarray(0, bytes.length - FOOTER))
  const type = cursor.byte()
  if (type === Type.String) {
    const value = spanOf(cursor.string())
    if (!cursor.atEnd) throw new Malformed('a dump goes on behind its end')
    return database.setString(args, index, value.bytes, value.start, value.end)
  }
  const { kind, object } = readObject(database, cursor, type)
  if (cursor.atEnd && !isEmpty(object)) return database.setObject(args, index, kind, object)
  object.dispose()
  throw new Malformed('a dump is empty, or goes on behind its end')
}

function isEmpty(object: List | Dict | SortedSet): boolean {
  return (object instanceof List ? object.length : object.size) === 0
}

interface Restored {
  kind: Kind
  object: List | Dict | SortedSet
}

function readObject(database: Database, cursor: Cursor, type: number): Restored {
  switch (type) {
    case Type.List:
      return { kind: Kind.List, object: list(database, strings(cursor, cursor.length())) }
    case Type.Quicklist:
      return { kind: Kind.List, object: list(database, quicklist(cursor)) }
    case Type.Set:
      return { kind: Kind.Set, object: set(database, strings(cursor, cursor.length())) }
    case Type.Intset:
      return { kind: Kind.Set, object: set(database, intset(cursor.string())) }
    case Type.Hash:
      return { kind: Kind.Hash, object: hash(database, strings(cursor, 2 * cursor.length())) }
    case Type.HashListpack:
      return { kind: Kind.Hash, object: hash(database, listpackElements(cursor.string())) }
    case Type.SortedSet:
      return { kind: Kind.SortedSet, object: sortedSet(database, scored(cursor)) }
    case Type.SortedSetListpack:
      return { kind: Kind.SortedSet, object: sortedSet(database, packedScores(cursor)) }
    default:
      throw new Malformed('a dump is of an unknown type')
  }
}

function strings(cursor: Cursor, count: number): Buffer[] {
  const all: Buffer[] = []
  while (all.length < count) all.push(cursor.string())
  return all
}

function quicklist(cursor: Cursor): Buffer[] {
  const all: Buffer[] = []
  for (let nodes = cursor.length(); nodes > 0; nodes--) {
    const container = cursor.length()
    const content = cursor.string()
    if (container === CONTAINER.Plain) all.push(content)
    else if (container === CONTAINER.Packed)
      for (const element of listpackElements(content)) all.push(element)
    else throw new Malformed('a list has an unknown container')
  }
  return all
}

function intset(bytes: Buffer): Buffer[] {
  const width = bytes.length < 8 ? 0 : bytes.readUInt32LE()
  if (![2, 4, 8].includes(width) || bytes.length !== 8 + width * bytes.readUInt32LE(4)) {
    throw new Malformed('an intset is cut')
  }
  const all: Buffer[] = []
  for (let at = 8; at < bytes.length; at += width) {
    const value = width === 8 ? bytes.readBigInt64LE(at) : bytes.readIntLE(at, width)
    all.push(Buffer.from(String(value)))
  }
  return all
}

type Scored = [member: Buffer, score: number]

function scored(cursor: Cursor): Scored[] {
  const all: Scored[] = []
  for (let left = cursor.length(); left > 0; left--) all.push([cursor.string(), cursor.double()])
  return all
}

function packedScores(cursor: Cursor): Scored[] {
  const elements = listpackElements(cursor.string())
  const all: Scored[] = []
  for (let at = 0; at < elements.length; at += 2) {
    all.push([elements[at] as Buffer, parseFloat64(elements[at + 1]?.toString('latin1') ?? '') ?? Number.NaN])
  }
  return all
}

function spanOf(bytes: Buffer): Span {
  return { bytes: new Bytes(bytes), start: 0, end: bytes.length }
}

function list(database: Database, elements: readonly Buffer[]): List {
  const made = new List(database.heap)
  for (const element of elements) made.push('right', new Bytes(element), 0, element.length)
  return made
}

function set(database: Database, members: readonly Buffer[]): Dict {
  const made = new Dict(database.heap)
  for (const member of members) {
    const { bytes, end } = spanOf(member)
    made.set(bytes, 0, end, 0, bytes, 0, 0)
  }
  noteSet(database, made)
  if (made.size !== members.length) refuse(made, 'a set has a member twice')
  return made
}

function hash(database: Database, pairs: readonly Buffer[]): Dict {
  const made = new Dict(database.heap)
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const field = spanOf(pairs[at] as Buffer)
    const value = spanOf(pairs[at + 1] as Buffer)
    made.set(field.bytes, 0, field.end, 0, value.bytes, 0, value.end)
    noteField(database, made, field.end, value.end)
  }
  if (2 * made.size !== pairs.length) refuse(made, 'a hash has a field twice, or one without a value')
  return made
}

function sortedSet(database: Database, members: readonly Scored[]): SortedSet {
  const made = new SortedSet(database.heap)
  for (const [member, score] of members) {
    if (Number.isNaN(score)) refuse(made, 'a score is no number')
    noteScored(database, made, member.length)
    made.set(spanOf(member), score)
  }
  if (made.size !== members.length) refuse(made, 'a sorted set has a member twice')
  return made
}

function refuse(object: Dict | SortedSet, why: string): never {
  object.dispose()
  throw new Malformed(why)
}
