import type { Arguments } from '../arguments.js'
import { NOWHERE, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import type { Dict } from '../keyspace/dict.js'
import { noteMember } from '../keyspace/encoding.js'
import { Event } from '../keyspace/event.js'
import { SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row } from './command.js'
import { NOT_POSITIVE, readInteger } from './reading.js'
import { readSample, sample, sampleSize } from './sampling.js'
import { readCursor, readScan, replyNothing } from './scanning.js'

/** The position of the current member. */
const member: Span = { ...NOWHERE }

export function setAt(database: Database, args: Arguments, index = 1): Dict | undefined {
  return database.object(args, index, Kind.Set)
}

/** Adds `bytes[start, end)`; returns whether it is new. */
export function addMember(set: Dict, { bytes, start, end }: Span): boolean {
  if (set.find(bytes, start, end) !== 0) return false
  set.set(bytes, start, end, 0, bytes, start, start)
  return true
}

/** Reports a change of the set, and deletes it if it is empty. */
function changed(database: Database, args: Arguments, index: number, set: Dict, event: string): void {
  database.event(Event.Set, event, args, index)
  if (set.size === 0) database.delete(args, index)
}

function sadd(database: Database, args: Arguments, reply: Reply): void {
  const set = database.objectOrNew(args, 1, Kind.Set)
  const { size } = set
  for (let index = 2; index < args.count; index++) {
    const start = args.start(index)
    const end = args.end(index)
    if (set.find(args.bytes, start, end) !== 0) continue
    set.set(args.bytes, start, end, 0, args.bytes, start, start)
    if (set.compact) noteMember(database, set, args.span(index))
  }
  if (set.size !== size) changed(database, args, 1, set, 'sadd')
  reply.integer(set.size - size)
}

function srem(database: Database, args: Arguments, reply: Reply): void {
  const set = setAt(database, args)
  if (set === undefined) return reply.integer(0)
  const { size } = set
  for (let index = 2; index < args.count; index++) set.remove(args.bytes, args.start(index), args.end(index))
  const removed = size - set.size
  if (removed > 0) changed(database, args, 1, set, 'srem')
  reply.integer(removed)
}

function has(set: Dict | undefined, args: Arguments, index: number): boolean {
  return set !== undefined && set.find(args.bytes, args.start(index), args.end(index)) !== 0
}

function sismember(database: Database, args: Arguments, reply: Reply): void {
  reply.flag(has(setAt(database, args), args, 2))
}

function smismember(database: Database, args: Arguments, reply: Reply): void {
  const set = setAt(database, args)
  reply.array(args.count - 2)
  for (let index = 2; index < args.count; index++) reply.flag(has(set, args, index))
}

function scard(database: Database, args: Arguments, reply: Reply): void {
  reply.integer(setAt(database, args)?.size ?? 0)
}

function smembers(database: Database, args: Arguments, reply: Reply): void {
  const set = setAt(database, args)
  reply.set(set?.size ?? 0)
  set?.each(entry => reply.span(set.heap.key(entry, member)))
}

function spop(database: Database, args: Arguments, reply: Reply): void {
  if (args.count > 3) throw SYNTAX_ERROR
  const several = args.count === 3
  const count = several ? readInteger(args, 2, NOT_POSITIVE) : 1
  if (count < 0) throw NOT_POSITIVE
  const set = setAt(database, args)
  if (several) reply.set(Math.min(count, set?.size ?? 0))
  else if (set === undefined) return reply.null()
  if (set === undefined || count === 0) return
  for (let left = Math.min(count, set.size); left > 0; left--) {
    const { bytes, start, end } = set.heap.key(set.random(), member)
    reply.bulk(bytes, start, end)
    set.remove(bytes, start, end)
  }
  changed(database, args, 1, set, 'spop')
}

function srandmember(database: Database, args: Arguments, reply: Reply): void {
  if (args.count > 3) throw SYNTAX_ERROR
  const { count } = readSample(args, 2)
  const set = setAt(database, args)
  const several = args.count === 3
  if (set === undefined) return several ? reply.array(0) : reply.null()
  if (several) reply.array(sampleSize(set, count))
  sample(set, count, entry => reply.span(set.heap.key(entry, member)))
}

function smove(database: Database, args: Arguments, reply: Reply): void {
  const source = setAt(database, args)
  if (source === undefined) return reply.flag(false)
  setAt(database, args, 2)
  if (!has(source, args, 3)) return reply.flag(false)
  if (!args.same(1, 2)) {
    source.remove(args.bytes, args.start(3), args.end(3))
    changed(database, args, 1, source, 'srem')
    const target = database.objectOrNew(args, 2, Kind.Set)
    if (addMember(target, args.span(3))) {
      noteMember(database, target, args.span(3))
      changed(database, args, 2, target, 'sadd')
    }
  }
  reply.flag(true)
}

function sscan(database: Database, args: Arguments, reply: Reply): void {
  const cursor = readCursor(args, 2)
  const set = setAt(database, args)
  if (set === undefined) return replyNothing(reply)
  const { count, match } = readScan(args, 2, false)
  const found: number[] = []
  const next = set.scan(cursor, count, entry => {
    const { bytes, start, end } = set.heap.key(entry, member)
    if (match?.matches(bytes.buffer, start, end) ?? true) found.push(entry)
  })
  reply.array(2)
  reply.text(String(next))
  reply.array(found.length)
  for (const entry of found) reply.span(set.heap.key(entry, member))
}

export const SETS: readonly Row[] = [
  ['sadd', -3, 'write denyoom fast', 1, 1, 1, sadd],
  ['scard', 2, 'readonly fast', 1, 1, 1, scard],
  ['sismember', 3, 'readonly fast', 1, 1, 1, sismember],
  ['smembers', 2, 'readonly', 1, 1, 1, smembers],
  ['smismember', -3, 'readonly fast', 1, 1, 1, smismember],
  ['smove', 4, 'write fast', 1, 2, 1, smove],
  ['spop', -2, 'write fast', 1, 1, 1, spop],
  ['srandmember', -2, 'readonly', 1, 1, 1, srandmember],
  ['srem', -3, 'write fast', 1, 1, 1, srem],
  ['sscan', -3, 'readonly', 1, 1, 1, sscan],
]
