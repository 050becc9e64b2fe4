import type { Arguments } from '../arguments.js'
import { NOWHERE, type Span } from '../bytes.js'
import type { Database } from '../keyspace/database.js'
import type { SortedSet } from '../keyspace/sorted-set.js'
import { formatScore } from '../numbers.js'
import { SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { NOT_POSITIVE, readCount, readInteger, readKeyCount } from './reading.js'
import { readSample, sample, sampleSize } from './sampling.js'
import { readCursor, readScan, replyNothing } from './scanning.js'
import { changed, replyLength, replyMember, replyMembers, sortedSetAt } from './sorted-sets.js'

/** The position of the current member. */
const member: Span = { ...NOWHERE }

export type End = 'lowest' | 'highest'

const POP = { lowest: 'zpopmin', highest: 'zpopmax' } as const

/** The entries at an end, starting at that end. */
function entriesAt(set: SortedSet, end: End, count: number): number[] {
  const length = Math.min(count, set.size)
  return end === 'lowest' ? set.slice(0, length) : set.slice(set.size - length, set.size).reverse()
}

function pop(end: End): Run {
  return (database, args, reply) => {
    if (args.count > 3) throw SYNTAX_ERROR
    const several = args.count === 3
    const count = several ? readInteger(args, 2, NOT_POSITIVE) : 1
    if (count < 0) throw NOT_POSITIVE
    const set = sortedSetAt(database, args)
    if (set === undefined || count === 0) return reply.array(0)
    const entries = entriesAt(set, end, count)
    if (several) replyMembers(reply, set, entries, true)
    else {
      // A single member and its score are not a pair, even in RESP3.
      reply.array(2)
      for (const entry of entries) replyPair(reply, set, entry)
    }
    removeAll(database, args, 1, set, entries, end)
  }
}

function replyPair(reply: Reply, set: SortedSet, entry: number): void {
  reply.span(set.member(entry, member))
  reply.double(set.score(entry))
}

function removeAll(
  database: Database,
  args: Arguments,
  index: number,
  set: SortedSet,
  entries: readonly number[],
  end: End,
): void {
  for (const entry of entries) set.remove(set.member(entry, member))
  changed(database, args, index, set, POP[end])
}

/**
 * Removes the member at an end of a set and replies with the key, the member and its score; returns false if there is
 * none.
 */
export function popOne(database: Database, args: Arguments, index: number, reply: Reply, end: End): boolean {
  const set = sortedSetAt(database, args, index)
  if (set === undefined) return false
  const entries = entriesAt(set, end, 1)
  reply.array(3)
  reply.bulk(args.bytes, args.start(index), args.end(index))
  for (const entry of entries) replyPair(reply, set, entry)
  removeAll(database, args, index, set, entries, end)
  return true
}

/** The arguments of ZMPOP and BZMPOP: keys, the end, and the maximum number of members. */
export function readSortedSetPop(
  args: Arguments,
  index: number,
): { keys: number[]; end: End; count: number } {
  const count = readKeyCount(args, index)
  const next = index + count + 1
  if (next >= args.count) throw SYNTAX_ERROR
  const word = args.word(next)
  if (word !== 'min' && word !== 'max') throw SYNTAX_ERROR
  const keys = Array.from({ length: count }, (_, at) => index + 1 + at)
  return { keys, end: word === 'min' ? 'lowest' : 'highest', count: readCount(args, next + 1) }
}

function zmpop(database: Database, args: Arguments, reply: Reply): void {
  const { keys, end, count } = readSortedSetPop(args, 1)
  if (!keys.some(index => popSome(database, args, index, reply, end, count))) reply.nullArray()
}

/** Removes members of a set and replies with the key and them; returns false if there are none. */
export function popSome(
  database: Database,
  args: Arguments,
  index: number,
  reply: Reply,
  end: End,
  count: number,
): boolean {
  const set = sortedSetAt(database, args, index)
  if (set === undefined) return false
  const entries = entriesAt(set, end, count)
  reply.array(2)
  reply.bulk(args.bytes, args.start(index), args.end(index))
  reply.array(entries.length)
  for (const entry of entries) {
    reply.array(2)
    replyPair(reply, set, entry)
  }
  removeAll(database, args, index, set, entries, end)
  return true
}

function zrandmember(database: Database, args: Arguments, reply: Reply): void {
  const { count, paired: withScores } = readSample(args, 2, 'withscores')
  const set = sortedSetAt(database, args)
  const several = args.count > 2
  if (set === undefined) return several ? reply.array(0) : reply.null()
  if (several) replyLength(reply, sampleSize(set, count), withScores)
  sample(set, count, entry => replyMember(reply, set, entry, withScores))
}

function zscan(database: Database, args: Arguments, reply: Reply): void {
  const cursor = readCursor(args, 2)
  const set = sortedSetAt(database, args)
  if (set === undefined) return replyNothing(reply)
  const { count, match } = readScan(args, 2, false)
  const found: number[] = []
  const visit = (entry: number) => {
    const { bytes, start, end } = set.member(entry, member)
    if (match?.matches(bytes.buffer, start, end) ?? true) found.push(entry)
  }
  // A small set is returned in order, all at once, and with integers as they are stored there.
  if (set.compact) set.each(visit)
  const next = set.compact ? 0 : set.scan(cursor, count, visit)
  reply.array(2)
  reply.text(String(next))
  reply.array(2 * found.length)
  for (const entry of found) {
    const score = set.score(entry)
    reply.span(set.member(entry, member))
    reply.text(set.compact && isSpelled(score) ? String(BigInt(score)) : formatScore(score))
  }
}

/** Whether Redis stores the score as an integer in the compact encoding. */
function isSpelled(score: number): boolean {
  return Number.isInteger(score) && Math.abs(score) <= 2 ** 62
}

export const SORTED_SET_POPS: readonly Row[] = [
  ['zmpop', -4, 'write movablekeys', 0, 0, 0, zmpop],
  ['zpopmax', -2, 'write fast', 1, 1, 1, pop('highest')],
  ['zpopmin', -2, 'write fast', 1, 1, 1, pop('lowest')],
  ['zrandmember', -2, 'readonly', 1, 1, 1, zrandmember],
  ['zscan', -3, 'readonly', 1, 1, 1, zscan],
]
