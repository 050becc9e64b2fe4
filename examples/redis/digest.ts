import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { NOWHERE, type Span } from './bytes.js'
import { type Database, Kind } from './keyspace/database.js'
import type { Dict } from './keyspace/dict.js'
import { Flag } from './keyspace/heap.js'
import type { List } from './keyspace/list.js'
import type { SortedSet } from './keyspace/sorted-set.js'

const LENGTH = 20
const here: Span = { ...NOWHERE }
const there: Span = { ...NOWHERE }

/** A digest of 20 bytes of all keys and values: equal for equal content, in any order. */
export function digestOf(databases: Iterable<readonly [number, Database]>): Buffer {
  const sum = Buffer.alloc(LENGTH)
  for (const [index, database] of databases) {
    database.each(entry => {
      const hash = createHash('sha1').update(`${index}:${database.kind(entry)}:`)
      const expires = (database.heap.flags(entry) & Flag.Stamp) !== 0
      hash.update(copyOf(database.heap.key(entry, here))).update(expires ? '!' : '')
      mix(sum, hash.update(valueDigest(database, entry)).digest())
    })
  }
  return sum
}

/** The digest of one key's value. */
export function valueDigest(database: Database, entry: number): Buffer {
  const { heap } = database
  switch (database.kind(entry)) {
    case Kind.String:
      return hashOf([copyOf(heap.value(entry, here))])
    case Kind.List:
      return listDigest(heap.object(entry) as List)
    case Kind.SortedSet:
      return sortedSetDigest(heap.object(entry) as SortedSet)
    default:
      return dictDigest(heap.object(entry) as Dict)
  }
}

function listDigest(list: List): Buffer {
  const elements: Buffer[] = []
  list.range(0, list.length, run => elements.push(copyOf(run)))
  return hashOf([Buffer.concat(elements)])
}

/** The digest of a set or a hash, independent of order. */
function dictDigest(dict: Dict): Buffer {
  const sum = Buffer.alloc(LENGTH)
  dict.each(entry =>
    mix(sum, hashOf([copyOf(dict.heap.key(entry, here)), copyOf(dict.heap.value(entry, there))])),
  )
  return sum
}

function sortedSetDigest(set: SortedSet): Buffer {
  const sum = Buffer.alloc(LENGTH)
  set.each(entry =>
    mix(sum, hashOf([copyOf(set.member(entry, here)), Buffer.from(String(set.score(entry)))])),
  )
  return sum
}

function hashOf(parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest()
}

function mix(sum: Buffer, digest: Buffer): void {
  for (const [at, byte] of digest.entries()) sum[at] = (sum[at] as number) ^ byte
}

function copyOf({ bytes, start, end }: Span): Buffer {
  return bytes.buffer.subarray(start, end)
}
