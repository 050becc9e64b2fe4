import type { Arguments } from '../arguments.js'
import { NOWHERE, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import { noteScored } from '../keyspace/encoding.js'
import { Event } from '../keyspace/event.js'
import type { SortedSet } from '../keyspace/sorted-set.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { type By, readInterval } from './intervals.js'
import { readFloat } from './reading.js'

const NX_AND_XX = new Refusal('ERR XX and NX options at the same time are not compatible')
const GT_LT_NX = new Refusal('ERR GT, LT, and/or NX options at the same time are not compatible')
const ONE_PAIR = new Refusal('ERR INCR option supports a single increment-element pair')
const NOT_A_SCORE = new Refusal('ERR resulting score is not a number (NaN)')

/** The position of the current member. */
const member: Span = { ...NOWHERE }

export function sortedSetAt(database: Database, args: Arguments, index = 1): SortedSet | undefined {
  return database.object(args, index, Kind.SortedSet)
}

/** Reports a change of the set, and deletes it if it is empty. */
export function changed(
  database: Database,
  args: Arguments,
  index: number,
  set: SortedSet,
  event: string,
): void {
  database.event(Event.SortedSet, event, args, index)
  if (set.size === 0) database.delete(args, index)
}

/** Replies with members in this order, with their scores if requested. */
export function replyMembers(
  reply: Reply,
  set: SortedSet,
  entries: readonly number[],
  scores: boolean,
): void {
  replyLength(reply, entries.length, scores)
  for (const entry of entries) replyMember(reply, set, entry, scores)
}

/** Starts an array of members. In RESP3 each is a pair with its score. */
export function replyLength(reply: Reply, members: number, scores: boolean): void {
  reply.array(scores && reply.protocol === 2 ? 2 * members : members)
}

export function replyMember(reply: Reply, set: SortedSet, entry: number, scores: boolean): void {
  if (scores && reply.protocol === 3) reply.array(2)
  reply.span(set.member(entry, member))
  if (scores) reply.double(set.score(entry))
}

const OPTIONS = ['nx', 'xx', 'gt', 'lt', 'ch', 'incr']

function zadd(database: Database, args: Arguments, reply: Reply): void {
  const { options, from } = readOptions(args)
  const pairs: { index: number; score: number }[] = []
  for (let index = from; index < args.count; index += 2)
    pairs.push({ index: index + 1, score: readFloat(args, index) })
  const old = sortedSetAt(database, args)
  if (old === undefined && options.has('xx')) return options.has('incr') ? reply.null() : reply.integer(0)
  const set = old ?? database.objectOrNew(args, 1, Kind.SortedSet)
  const { size } = set
  let updated = 0
  let score: number | undefined
  for (const pair of pairs) {
    const before = scoreOf(set, args.span(pair.index))
    score = wanted(options, before, pair.score)
    if (score === undefined || score === before) continue
    if (before !== undefined) updated++
    if (before === undefined) noteScored(database, set, args.length(pair.index))
    set.set(args.span(pair.index), score)
  }
  const added = set.size - size
  if (added + updated > 0) changed(database, args, 1, set, options.has('incr') ? 'zincr' : 'zadd')
  if (!options.has('incr')) reply.integer(options.has('ch') ? added + updated : added)
  else if (score === undefined) reply.null()
  else reply.double(score)
}

function readOptions(args: Arguments): { options: Set<string>; from: number } {
  const options = new Set<string>()
  let from = 2
  while (from < args.count && OPTIONS.includes(args.word(from))) options.add(args.word(from++))
  const pairs = args.count - from
  if (pairs === 0 || pairs % 2 !== 0) throw SYNTAX_ERROR
  if (options.has('nx') && options.has('xx')) throw NX_AND_XX
  if (['nx', 'gt', 'lt'].filter(option => options.has(option)).length > 1) throw GT_LT_NX
  if (options.has('incr') && pairs > 2) throw ONE_PAIR
  return { options, from }
}

/** The new score of a member; `undefined` if the options forbid changing it. */
function wanted(options: Set<string>, before: number | undefined, given: number): number | undefined {
  if (before === undefined) return options.has('xx') ? undefined : given
  if (options.has('nx')) return undefined
  const score = options.has('incr') ? before + given : given
  if (Number.isNaN(score)) throw NOT_A_SCORE
  if (options.has('gt') && score <= before) return undefined
  return options.has('lt') && score >= before ? undefined : score
}

function scoreOf(set: SortedSet | undefined, span: Span): number | undefined {
  const entry = set?.find(span) ?? 0
  return set === undefined || entry === 0 ? undefined : set.score(entry)
}

function zincrby(database: Database, args: Arguments, reply: Reply): void {
  // Redis accepts options here as well, but leaves no room for them.
  if (OPTIONS.includes(args.word(2))) throw SYNTAX_ERROR
  const by = readFloat(args, 2)
  const set = database.objectOrNew(args, 1, Kind.SortedSet)
  const old = scoreOf(set, args.span(3))
  const score = old === undefined ? by : old + by
  if (Number.isNaN(score)) throw NOT_A_SCORE
  if (old === undefined) noteScored(database, set, args.length(3))
  set.set(args.span(3), score)
  changed(database, args, 1, set, 'zincr')
  reply.double(score)
}

function zrem(database: Database, args: Arguments, reply: Reply): void {
  const set = sortedSetAt(database, args)
  if (set === undefined) return reply.integer(0)
  const { size } = set
  for (let index = 2; index < args.count; index++) set.remove(args.span(index))
  const removed = size - set.size
  if (removed > 0) changed(database, args, 1, set, 'zrem')
  reply.integer(removed)
}

function zcard(database: Database, args: Arguments, reply: Reply): void {
  reply.integer(sortedSetAt(database, args)?.size ?? 0)
}

function zscore(database: Database, args: Arguments, reply: Reply): void {
  replyScore(reply, scoreOf(sortedSetAt(database, args), args.span(2)))
}

function zmscore(database: Database, args: Arguments, reply: Reply): void {
  const set = sortedSetAt(database, args)
  reply.array(args.count - 2)
  for (let index = 2; index < args.count; index++) replyScore(reply, scoreOf(set, args.span(index)))
}

function replyScore(reply: Reply, score: number | undefined): void {
  if (score === undefined) reply.null()
  else reply.double(score)
}

function rank(fromTop: boolean): Run {
  return (database, args, reply) => {
    const set = sortedSetAt(database, args)
    const score = scoreOf(set, args.span(2))
    if (set === undefined || score === undefined) return reply.null()
    const below = set.rank(args.span(2), score)
    reply.integer(fromTop ? set.size - 1 - below : below)
  }
}

function count(by: By): Run {
  return (database, args, reply) => {
    const interval = readInterval(args, 2, 3, by)
    const set = sortedSetAt(database, args)
    if (set === undefined) return reply.integer(0)
    const { from, to } = interval(set)
    reply.integer(to - from)
  }
}

function removeRange(by: By): Run {
  return (database, args, reply) => {
    const interval = readInterval(args, 2, 3, by)
    const set = sortedSetAt(database, args)
    if (set === undefined) return reply.integer(0)
    const { from, to } = interval(set)
    for (const entry of set.slice(from, to)) set.remove(set.member(entry, member))
    if (to > from) changed(database, args, 1, set, `zremrangeby${by}`)
    reply.integer(to - from)
  }
}

export const SORTED_SETS: readonly Row[] = [
  ['zadd', -4, 'write denyoom fast', 1, 1, 1, zadd],
  ['zcard', 2, 'readonly fast', 1, 1, 1, zcard],
  ['zcount', 4, 'readonly fast', 1, 1, 1, count('score')],
  ['zincrby', 4, 'write denyoom fast', 1, 1, 1, zincrby],
  ['zlexcount', 4, 'readonly fast', 1, 1, 1, count('lex')],
  ['zmscore', -3, 'readonly fast', 1, 1, 1, zmscore],
  ['zrank', 3, 'readonly fast', 1, 1, 1, rank(false)],
  ['zrem', -3, 'write fast', 1, 1, 1, zrem],
  ['zremrangebylex', 4, 'write', 1, 1, 1, removeRange('lex')],
  ['zremrangebyrank', 4, 'write', 1, 1, 1, removeRange('rank')],
  ['zremrangebyscore', 4, 'write', 1, 1, 1, removeRange('score')],
  ['zrevrank', 3, 'readonly fast', 1, 1, 1, rank(true)],
  ['zscore', 3, 'readonly fast', 1, 1, 1, zscore],
]
