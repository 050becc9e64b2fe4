import type { Arguments } from '../arguments.js'
import { Bytes, NOWHERE, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import type { Dict } from '../keyspace/dict.js'
import { noteField } from '../keyspace/encoding.js'
import { Event } from '../keyspace/event.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { wrongCount } from './container.js'
import { add, addFloats, extendedIn, integerIn } from './counters.js'
import { readExactInteger } from './reading.js'
import { readSample, sample, sampleSize } from './sampling.js'
import { readCursor, readScan, replyNothing } from './scanning.js'

const NOT_AN_INTEGER = new Refusal('ERR hash value is not an integer')
const NOT_A_FLOAT = new Refusal('ERR hash value is not a float')
const NOT_FINITE = new Refusal('ERR value is NaN or Infinity')

/** The positions of the current field and value. */
const field: Span = { ...NOWHERE }
const value: Span = { ...NOWHERE }

function hashAt(database: Database, args: Arguments): Dict | undefined {
  return database.object(args, 1, Kind.Hash)
}

function findField(hash: Dict | undefined, args: Arguments, index: number): number {
  return hash === undefined ? 0 : hash.find(args.bytes, args.start(index), args.end(index))
}

/** The value of the field in an argument, valid until the next change. */
function valueAt(hash: Dict | undefined, args: Arguments, index: number): Span | undefined {
  const entry = findField(hash, args, index)
  return hash === undefined || entry === 0 ? undefined : hash.heap.value(entry, value)
}

function setFields(database: Database, args: Arguments): number {
  const hash = database.objectOrNew(args, 1, Kind.Hash)
  const { size } = hash
  const { bytes } = args
  for (let index = 2; index < args.count; index += 2) {
    hash.set(bytes, args.start(index), args.end(index), 0, bytes, args.start(index + 1), args.end(index + 1))
    noteField(database, hash, args.length(index), args.length(index + 1))
  }
  database.event(Event.Hash, 'hset', args, 1)
  return hash.size - size
}

function hset(database: Database, args: Arguments, reply: Reply): void {
  if (args.count % 2 !== 0) throw wrongCount('hset')
  reply.integer(setFields(database, args))
}

function hmset(database: Database, args: Arguments, reply: Reply): void {
  if (args.count % 2 !== 0) throw wrongCount('hmset')
  setFields(database, args)
  reply.ok()
}

function hsetnx(database: Database, args: Arguments, reply: Reply): void {
  const absent = findField(hashAt(database, args), args, 2) === 0
  if (absent) setFields(database, args)
  reply.flag(absent)
}

function hget(database: Database, args: Arguments, reply: Reply): void {
  const found = valueAt(hashAt(database, args), args, 2)
  if (found === undefined) reply.null()
  else reply.span(found)
}

function hmget(database: Database, args: Arguments, reply: Reply): void {
  const hash = hashAt(database, args)
  reply.array(args.count - 2)
  for (let index = 2; index < args.count; index++) {
    const found = valueAt(hash, args, index)
    if (found === undefined) reply.null()
    else reply.span(found)
  }
}

function hdel(database: Database, args: Arguments, reply: Reply): void {
  const hash = hashAt(database, args)
  if (hash === undefined) return reply.integer(0)
  const { size } = hash
  for (let index = 2; index < args.count; index++) hash.remove(args.bytes, args.start(index), args.end(index))
  const removed = size - hash.size
  if (removed > 0) {
    database.event(Event.Hash, 'hdel', args, 1)
    if (hash.size === 0) database.delete(args, 1)
  }
  reply.integer(removed)
}

function hexists(database: Database, args: Arguments, reply: Reply): void {
  reply.flag(findField(hashAt(database, args), args, 2) !== 0)
}

function hlen(database: Database, args: Arguments, reply: Reply): void {
  reply.integer(hashAt(database, args)?.size ?? 0)
}

function hstrlen(database: Database, args: Arguments, reply: Reply): void {
  const found = valueAt(hashAt(database, args), args, 2)
  reply.integer(found === undefined ? 0 : found.end - found.start)
}

function hgetall(database: Database, args: Arguments, reply: Reply): void {
  const hash = hashAt(database, args)
  reply.map(hash?.size ?? 0)
  hash?.each(entry => replyPair(reply, hash, entry))
}

function replyPair(reply: Reply, hash: Dict, entry: number): void {
  reply.span(hash.heap.key(entry, field))
  reply.span(hash.heap.value(entry, value))
}

function hkeys(database: Database, args: Arguments, reply: Reply): void {
  const hash = hashAt(database, args)
  reply.array(hash?.size ?? 0)
  hash?.each(entry => reply.span(hash.heap.key(entry, field)))
}

function hvals(database: Database, args: Arguments, reply: Reply): void {
  const hash = hashAt(database, args)
  reply.array(hash?.size ?? 0)
  hash?.each(entry => reply.span(hash.heap.value(entry, value)))
}

/** Changes the value of a field; `read` parses the change before the field is looked up. */
function update<By>(
  event: string,
  read: (args: Arguments) => By,
  change: (old: Span | undefined, by: By) => string,
  answer: 'integer' | 'text',
): Run {
  return (database, args, reply) => {
    const by = read(args)
    const text = change(valueAt(hashAt(database, args), args, 2), by)
    const bytes = Bytes.from(text)
    const hash = database.objectOrNew(args, 1, Kind.Hash)
    hash.set(args.bytes, args.start(2), args.end(2), 0, bytes, 0, bytes.length)
    noteField(database, hash, args.length(2), bytes.length)
    database.event(Event.Hash, event, args, 1)
    if (answer === 'text') reply.text(text)
    else reply.integer(BigInt(text))
  }
}

const hincrby = update(
  'hincrby',
  args => readExactInteger(args, 3),
  (old, by) => String(add(integerIn(old, NOT_AN_INTEGER), by)),
  'integer',
)

const hincrbyfloat = update(
  'hincrbyfloat',
  args => {
    const by = extendedIn(args.span(3))
    if (by.infinite) throw NOT_FINITE
    return by
  },
  (old, by) => addFloats(extendedIn(old, NOT_A_FLOAT), by),
  'text',
)

function hrandfield(database: Database, args: Arguments, reply: Reply): void {
  const { count, paired: withValues } = readSample(args, 2, 'withvalues')
  const hash = hashAt(database, args)
  const several = args.count > 2
  if (hash === undefined) return several ? reply.array(0) : reply.null()
  const size = sampleSize(hash, count)
  if (several) reply.array(withValues && reply.protocol === 2 ? 2 * size : size)
  sample(hash, count, entry => {
    if (withValues && reply.protocol === 3) reply.array(2)
    if (withValues) replyPair(reply, hash, entry)
    else reply.span(hash.heap.key(entry, field))
  })
}

function hscan(database: Database, args: Arguments, reply: Reply): void {
  const cursor = readCursor(args, 2)
  const hash = hashAt(database, args)
  if (hash === undefined) return replyNothing(reply)
  const { count, match } = readScan(args, 2, false)
  const found: number[] = []
  const next = hash.scan(cursor, count, entry => {
    const { bytes, start, end } = hash.heap.key(entry, field)
    if (match?.matches(bytes.buffer, start, end) ?? true) found.push(entry)
  })
  reply.array(2)
  reply.text(String(next))
  reply.array(2 * found.length)
  for (const entry of found) replyPair(reply, hash, entry)
}

export const HASHES: readonly Row[] = [
  ['hdel', -3, 'write fast', 1, 1, 1, hdel],
  ['hexists', 3, 'readonly fast', 1, 1, 1, hexists],
  ['hget', 3, 'readonly fast', 1, 1, 1, hget],
  ['hgetall', 2, 'readonly', 1, 1, 1, hgetall],
  ['hincrby', 4, 'write denyoom fast', 1, 1, 1, hincrby],
  ['hincrbyfloat', 4, 'write denyoom fast', 1, 1, 1, hincrbyfloat],
  ['hkeys', 2, 'readonly', 1, 1, 1, hkeys],
  ['hlen', 2, 'readonly fast', 1, 1, 1, hlen],
  ['hmget', -3, 'readonly fast', 1, 1, 1, hmget],
  ['hmset', -4, 'write denyoom fast', 1, 1, 1, hmset],
  ['hrandfield', -2, 'readonly', 1, 1, 1, hrandfield],
  ['hscan', -3, 'readonly', 1, 1, 1, hscan],
  ['hset', -4, 'write denyoom fast', 1, 1, 1, hset],
  ['hsetnx', 4, 'write denyoom fast', 1, 1, 1, hsetnx],
  ['hstrlen', 3, 'readonly fast', 1, 1, 1, hstrlen],
  ['hvals', 2, 'readonly', 1, 1, 1, hvals],
]
