import { Buffer } from 'node:buffer'
import { NOWHERE, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import type { Dict } from '../keyspace/dict.js'
import type { List } from '../keyspace/list.js'
import type { SortedSet } from '../keyspace/sorted-set.js'
import { crc64 } from './crc64.js'
import { Type, VERSION } from './format.js'

const here: Span = { ...NOWHERE }

/** The reply to DUMP: the value in the plainest format that Redis reads. */
export function dump(database: Database, entry: number): Buffer {
  const parts = partsOf(database, entry)
  const version = Buffer.alloc(2)
  version.writeUInt16LE(VERSION)
  const content = Buffer.concat([...parts, version])
  const checksum = Buffer.alloc(8)
  checksum.writeBigUInt64LE(crc64(content))
  return Buffer.concat([content, checksum])
}

function partsOf(database: Database, entry: number): Buffer[] {
  const { heap } = database
  switch (database.kind(entry)) {
    case Kind.String:
      return [Buffer.from([Type.String]), ...string(heap.value(entry, here))]
    case Kind.List:
      return listParts(heap.object(entry) as List)
    case Kind.Set:
      return dictParts(Type.Set, heap.object(entry) as Dict)
    case Kind.Hash:
      return dictParts(Type.Hash, heap.object(entry) as Dict)
    default:
      return sortedSetParts(heap.object(entry) as SortedSet)
  }
}

function listParts(list: List): Buffer[] {
  const parts = [Buffer.from([Type.List]), length(list.length)]
  list.each('left', element => parts.push(...string(element)) > 0)
  return parts
}

function dictParts(type: number, dict: Dict): Buffer[] {
  const parts = [Buffer.from([type]), length(dict.size)]
  dict.each(entry => {
    parts.push(...string(dict.heap.key(entry, here)))
    if (type === Type.Hash) parts.push(...string(dict.heap.value(entry, here)))
  })
  return parts
}

function sortedSetParts(set: SortedSet): Buffer[] {
  const parts = [Buffer.from([Type.SortedSet]), length(set.size)]
  set.each(entry => {
    const score = Buffer.alloc(8)
    score.writeDoubleLE(set.score(entry))
    parts.push(...string(set.member(entry, here)), score)
  })
  return parts
}

function string({ bytes, start, end }: Span): Buffer[] {
  return [length(end - start), Buffer.from(bytes.buffer.subarray(start, end))]
}

/** A length in one byte, two, or five. */
function length(value: number): Buffer {
  if (value < 1 << 6) return Buffer.from([value])
  if (value < 1 << 14) return Buffer.from([0x40 | (value >> 8), value & 0xff])
  const bytes = Buffer.alloc(5)
  bytes[0] = 0x80
  bytes.writeUInt32BE(value, 1)
  return bytes
}
