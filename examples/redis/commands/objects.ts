import { NOWHERE, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import type { Dict } from '../keyspace/dict.js'
import { Flag } from '../keyspace/heap.js'
import type { List } from '../keyspace/list.js'
import type { SortedSet } from '../keyspace/sorted-set.js'
import { parseInteger } from '../numbers.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { container, type Subcommand } from './container.js'
import { readInteger } from './reading.js'

/** Redis stores strings up to this length next to their header. */
const EMBEDDED = 44
/** Redis shares one object for each integer below this. */
const SHARED = 10_000
const SHARED_REFERENCES = 2 ** 31 - 1

/** The overhead of an entry in bytes, and the default number of entries to sample. */
const OVERHEAD = 16
const SAMPLES = 5

const NO_FREQUENCY = new Refusal(
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
)

const place: Span = { ...NOWHERE }

/** The encoding that Redis would choose for a value. */
export function encodingOf(database: Database, entry: number): string {
  const { heap } = database
  switch (database.kind(entry)) {
    case Kind.String:
      return stringEncoding(database, entry)
    case Kind.List:
      return 'quicklist'
    case Kind.Set:
      return (heap.object(entry) as Dict).compact ? 'intset' : 'hashtable'
    case Kind.Hash:
      return (heap.object(entry) as Dict).compact ? 'listpack' : 'hashtable'
    default:
      return (heap.object(entry) as SortedSet).compact ? 'listpack' : 'skiplist'
  }
}

function stringEncoding({ heap }: Database, entry: number): string {
  const { bytes, start, end } = heap.value(entry, place)
  if ((heap.flags(entry) & Flag.Raw) !== 0) return 'raw'
  const isText = (heap.flags(entry) & Flag.Text) !== 0
  if (!isText && parseInteger(bytes, start, end) !== undefined) return 'int'
  return end - start <= EMBEDDED ? 'embstr' : 'raw'
}

function references(database: Database, entry: number): number {
  if (database.kind(entry) !== Kind.String || stringEncoding(database, entry) !== 'int') return 1
  const { bytes, start, end } = database.heap.value(entry, place)
  const value = Number(parseInteger(bytes, start, end))
  return value >= 0 && value < SHARED ? SHARED_REFERENCES : 1
}

/** The reply of OBJECT for the entry of a key. */
function tell(of: (database: Database, entry: number, reply: Reply) => void): Run {
  return (database, args, reply) => {
    const entry = database.find(args, 2)
    if (entry === 0) reply.null()
    else of(database, entry, reply)
  }
}

/** The last use of a key and its frequency are not stored. */
const OBJECT: readonly Subcommand[] = [
  ['encoding', 3, 3, tell((database, entry, reply) => reply.text(encodingOf(database, entry)))],
  [
    'freq',
    3,
    3,
    tell(() => {
      throw NO_FREQUENCY
    }),
  ],
  ['idletime', 3, 3, tell((_database, _entry, reply) => reply.integer(0))],
  ['refcount', 3, 3, tell((database, entry, reply) => reply.integer(references(database, entry)))],
]

/** MEMORY USAGE: the approximate size of a key in bytes. Samples the elements of large values. */
const usage: Run = (database, args, reply) => {
  let samples = SAMPLES
  for (let index = 3; index < args.count; index += 2) {
    if (args.word(index) !== 'samples' || index + 1 === args.count) throw SYNTAX_ERROR
    samples = readInteger(args, index + 1)
    if (samples < 0) throw SYNTAX_ERROR
  }
  const entry = database.find(args, 2)
  if (entry === 0) return reply.null()
  const value = bytesOf(database, entry, samples === 0 ? Number.POSITIVE_INFINITY : samples)
  reply.integer(OVERHEAD + args.length(2) + value)
}

function bytesOf(database: Database, entry: number, samples: number): number {
  const { heap } = database
  const kind = database.kind(entry)
  if (kind === Kind.String) {
    const { start, end } = heap.value(entry, place)
    return end - start
  }
  if (kind === Kind.List) return listBytes(heap.object(entry) as List, samples)
  if (kind !== Kind.SortedSet) return dictBytes(heap.object(entry) as Dict, samples)
  const set = heap.object(entry) as SortedSet
  return average(
    set.size,
    samples,
    at => OVERHEAD + lengthOf(set.member(set.slice(at, at + 1)[0] ?? 0, place)),
  )
}

function dictBytes(dict: Dict, samples: number): number {
  return average(dict.size, samples, () => {
    const entry = dict.random()
    return OVERHEAD + lengthOf(dict.heap.key(entry, place)) + lengthOf(dict.heap.value(entry, place))
  })
}

function listBytes(list: List, samples: number): number {
  return average(list.length, samples, at => lengthOf(list.at(at)))
}

/** The sum over `size` elements, extrapolated from the first `samples`. */
function average(size: number, samples: number, bytes: (at: number) => number): number {
  const looked = Math.min(size, samples)
  let sum = 0
  for (let at = 0; at < looked; at++) sum += bytes(at)
  return looked === 0 ? 0 : Math.ceil((sum / looked) * size)
}

function lengthOf({ start, end }: Span): number {
  return end - start
}

const MEMORY: readonly Subcommand[] = [['usage', 3, Number.POSITIVE_INFINITY, usage]]

export const OBJECTS: readonly Row[] = [
  ['memory', -2, 'readonly', 2, 2, 1, container('memory', MEMORY)],
  ['object', -2, 'readonly', 2, 2, 1, container('object', OBJECT)],
]
