import type { Arguments } from '../arguments.js'
import { NOWHERE, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import { noteSortedSet } from '../keyspace/encoding.js'
import { Event } from '../keyspace/event.js'
import { SortedSet } from '../keyspace/sorted-set.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { type By, type Interval, readInterval } from './intervals.js'
import { readInteger } from './reading.js'
import { replyMembers, sortedSetAt } from './sorted-sets.js'

const LIMIT_BY_RANK = new Refusal(
  'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
)
const SCORES_BY_LEX = new Refusal('ERR syntax error, WITHSCORES not supported in combination with BYLEX')

/** The position of the current member. */
const member: Span = { ...NOWHERE }

interface Query {
  interval: Interval
  /** From the highest to the lowest. */
  reverse: boolean
  withScores: boolean
  /** How many results to skip, and how many to return; negative: all. */
  offset: number
  count: number
}

/** What a command's name implies, and which options it accepts. */
interface Shape {
  by: By
  reverse: boolean
  /** Accepts BYSCORE, BYLEX and REV. */
  open: boolean
  /** Accepts WITHSCORES. */
  scores: boolean
}

/** Parses a range from `index` on: two bounds, and options. */
function readQuery(args: Arguments, index: number, shape: Shape): Query {
  const query = { ...shape, withScores: false, offset: 0, count: -1 }
  let reversed = false
  for (let at = index + 2; at < args.count; at++) {
    const word = args.word(at)
    if (word === 'withscores' && shape.scores) query.withScores = true
    else if (word === 'rev' && shape.open && !reversed) reversed = true
    else if (word === 'byscore' && shape.open && query.by === 'rank') query.by = 'score'
    else if (word === 'bylex' && shape.open && query.by === 'rank') query.by = 'lex'
    else if (word === 'limit' && at + 2 < args.count) {
      query.offset = readInteger(args, at + 1)
      query.count = readInteger(args, at + 2)
      at += 2
    } else throw SYNTAX_ERROR
  }
  query.reverse ||= reversed
  if (query.count !== -1 && query.by === 'rank') throw LIMIT_BY_RANK
  if (query.withScores && query.by === 'lex') throw SCORES_BY_LEX
  // A limit of -1 means no limit, and then no member is skipped either.
  if (query.by === 'rank') query.offset = 0
  return { ...query, interval: readBounds(args, index, query) }
}

function readBounds(args: Arguments, index: number, { by, reverse }: Shape): Interval {
  if (!reverse) return readInterval(args, index, index + 1, by)
  // The higher score comes first; positions count from the highest.
  if (by !== 'rank') return readInterval(args, index + 1, index, by, true)
  const mirrored = readInterval(args, index, index + 1, by)
  return set => {
    const { from, to } = mirrored(set)
    return { from: set.size - to, to: set.size - from }
  }
}

function entriesOf(set: SortedSet, { interval, reverse, offset, count }: Query): number[] {
  const { from, to } = interval(set)
  const most = to - from - offset
  const length = count < 0 ? most : Math.min(count, most)
  if (offset < 0 || length <= 0) return []
  if (!reverse) return set.slice(from + offset, from + offset + length)
  return set.slice(to - offset - length, to - offset).reverse()
}

function range(shape: Shape): Run {
  return (database, args, reply) => {
    const query = readQuery(args, 2, shape)
    const set = sortedSetAt(database, args)
    if (set === undefined) reply.array(0)
    else replyMembers(reply, set, entriesOf(set, query), query.withScores)
  }
}

function zrangestore(database: Database, args: Arguments, reply: Reply): void {
  const query = readQuery(args, 3, { by: 'rank', reverse: false, open: true, scores: false })
  const source = sortedSetAt(database, args, 2)
  const entries = source === undefined ? [] : entriesOf(source, query)
  const result = new SortedSet(database.heap)
  for (const entry of entries) if (source) result.set(source.member(entry, member), source.score(entry))
  storeSortedSet(database, args, 1, result, 'zrangestore')
  reply.integer(entries.length)
}

/** Stores the set at a key; deletes the key if the set is empty. */
export function storeSortedSet(
  database: Database,
  args: Arguments,
  index: number,
  set: SortedSet,
  event: string,
): void {
  if (set.size > 0) {
    noteSortedSet(database, set)
    database.setObject(args, index, Kind.SortedSet, set)
    database.event(Event.SortedSet, event, args, index)
  } else {
    set.dispose()
    database.delete(args, index)
  }
}

function fixed(by: By, reverse: boolean): Run {
  return range({ by, reverse, open: false, scores: true })
}

export const SORTED_SET_RANGES: readonly Row[] = [
  ['zrange', -4, 'readonly', 1, 1, 1, range({ by: 'rank', reverse: false, open: true, scores: true })],
  ['zrangebylex', -4, 'readonly', 1, 1, 1, fixed('lex', false)],
  ['zrangebyscore', -4, 'readonly', 1, 1, 1, fixed('score', false)],
  ['zrangestore', -5, 'write denyoom', 1, 2, 1, zrangestore],
  ['zrevrange', -4, 'readonly', 1, 1, 1, fixed('rank', true)],
  ['zrevrangebylex', -4, 'readonly', 1, 1, 1, fixed('lex', true)],
  ['zrevrangebyscore', -4, 'readonly', 1, 1, 1, fixed('score', true)],
]
