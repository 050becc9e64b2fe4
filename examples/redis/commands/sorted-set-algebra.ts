import type { Arguments } from '../arguments.js'
import { NOWHERE, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import type { Dict } from '../keyspace/dict.js'
import { SortedSet } from '../keyspace/sorted-set.js'
import { Refusal, SYNTAX_ERROR, WRONG_TYPE } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { readFloat, readInteger, readLimit } from './reading.js'
import { storeSortedSet } from './sorted-set-ranges.js'
import { replyMembers } from './sorted-sets.js'

const BAD_WEIGHT = new Refusal('ERR weight value is not a float')

/** The position of the current member. */
const member: Span = { ...NOWHERE }

/** A set or a sorted set with scores; those of a set are all 1. */
interface Source {
  readonly size: number
  /** The score of a member; `undefined` if it is not a member. */
  score(span: Span): number | undefined
  each(visit: (span: Span, score: number) => void): void
}

const NONE: Source = { size: 0, score: () => undefined, each: () => {} }

function sourceAt(database: Database, args: Arguments, index: number): Source {
  const entry = database.find(args, index)
  if (entry === 0) return NONE
  const kind = database.kind(entry)
  if (kind === Kind.SortedSet) return ofSortedSet(database.objectOrNew(args, index, kind))
  if (kind === Kind.Set) return ofSet(database.objectOrNew(args, index, kind))
  throw WRONG_TYPE
}

function ofSortedSet(set: SortedSet): Source {
  return {
    size: set.size,
    score(span) {
      const entry = set.find(span)
      return entry === 0 ? undefined : set.score(entry)
    },
    each: visit => set.each(entry => visit(set.member(entry, member), set.score(entry))),
  }
}

function ofSet(set: Dict): Source {
  return {
    size: set.size,
    score: ({ bytes, start, end }) => (set.find(bytes, start, end) === 0 ? undefined : 1),
    each: visit => set.each(entry => visit(set.heap.key(entry, member), 1)),
  }
}

type Aggregate = (left: number, right: number) => number

/** An infinity plus its opposite is 0. */
const AGGREGATES = new Map<string, Aggregate>([
  ['sum', (left, right) => orZero(left + right)],
  ['min', Math.min],
  ['max', Math.max],
])

function orZero(score: number): number {
  return Number.isNaN(score) ? 0 : score
}

interface Query {
  sources: readonly Source[]
  weights: readonly number[]
  aggregate: Aggregate
  withScores: boolean
}

interface Shape {
  name: string
  /** Accepts WEIGHTS and AGGREGATE. */
  weighed: boolean
  /** Accepts WITHSCORES. */
  scores: boolean
}

/** Parses the number of keys at `index`, the keys and the options. */
function readQuery(database: Database, args: Arguments, index: number, shape: Shape): Query {
  const keys = readKeys(args, index, shape.name)
  const sources = Array.from({ length: keys }, (_, at) => sourceAt(database, args, index + 1 + at))
  const query = {
    sources,
    weights: sources.map(() => 1),
    aggregate: AGGREGATES.get('sum') as Aggregate,
    withScores: false,
  }
  for (let at = index + 1 + keys; at < args.count; at++) {
    const word = args.word(at)
    if (word === 'withscores' && shape.scores) query.withScores = true
    else if (word === 'weights' && shape.weighed && at + keys < args.count) {
      query.weights = sources.map((_, source) => readFloat(args, at + 1 + source, BAD_WEIGHT))
      at += keys
    } else if (word === 'aggregate' && shape.weighed && at + 1 < args.count) {
      query.aggregate = readAggregate(args, ++at)
    } else throw SYNTAX_ERROR
  }
  return query
}

function readKeys(args: Arguments, index: number, name: string): number {
  const keys = readInteger(args, index)
  if (keys < 1) throw new Refusal(`ERR at least 1 input key is needed for '${name}' command`)
  if (keys > args.count - index - 1) throw SYNTAX_ERROR
  return keys
}

function readAggregate(args: Arguments, index: number): Aggregate {
  const aggregate = AGGREGATES.get(args.word(index))
  if (aggregate === undefined) throw SYNTAX_ERROR
  return aggregate
}

/** Adds the result of a query to `result`. */
type Combine = (query: Query, result: SortedSet) => void

const union: Combine = ({ sources, weights, aggregate }, result) => {
  for (const [index, source] of sources.entries()) {
    source.each((span, score) => {
      const entry = result.find(span)
      const weighted = orZero(score * (weights[index] ?? 1))
      result.set(span, entry === 0 ? weighted : aggregate(result.score(entry), weighted))
    })
  }
}

const intersection: Combine = ({ sources, weights, aggregate }, result) => {
  const [first] = [...sources].sort((left, right) => left.size - right.size)
  first?.each(span => {
    let total: number | undefined
    for (const [index, source] of sources.entries()) {
      const score = source.score(span)
      if (score === undefined) return
      const weighted = orZero(score * (weights[index] ?? 1))
      total = total === undefined ? weighted : aggregate(total, weighted)
    }
    if (total !== undefined) result.set(span, total)
  })
}

const difference: Combine = ({ sources: [first, ...others] }, result) => {
  first?.each((span, score) => {
    if (others.every(source => source.score(span) === undefined)) result.set(span, score)
  })
}

function answer(name: string, combine: Combine): Run {
  return (database, args, reply) => {
    const query = readQuery(database, args, 1, { name, weighed: combine !== difference, scores: true })
    const result = new SortedSet(database.heap)
    result.compact = false
    combine(query, result)
    replyMembers(reply, result, result.slice(0, result.size), query.withScores)
    result.dispose()
  }
}

function store(name: string, combine: Combine): Run {
  return (database, args, reply) => {
    const query = readQuery(database, args, 2, { name, weighed: combine !== difference, scores: false })
    const result = new SortedSet(database.heap)
    result.compact = false
    combine(query, result)
    const { size } = result
    storeSortedSet(database, args, 1, result, name)
    reply.integer(size)
  }
}

function zintercard(database: Database, args: Arguments, reply: Reply): void {
  const keys = readKeys(args, 1, 'zintercard')
  const sources = Array.from({ length: keys }, (_, at) => sourceAt(database, args, 2 + at))
  const limit = readLimit(args, keys + 2)
  const result = new SortedSet(database.heap)
  intersection({ sources, weights: [], aggregate: Math.max, withScores: false }, result)
  reply.integer(limit === 0 ? result.size : Math.min(result.size, limit))
  result.dispose()
}

export const SORTED_SET_ALGEBRA: readonly Row[] = [
  ['zdiff', -3, 'readonly movablekeys', 0, 0, 0, answer('zdiff', difference)],
  ['zdiffstore', -4, 'write denyoom movablekeys', 1, 1, 1, store('zdiffstore', difference)],
  ['zinter', -3, 'readonly movablekeys', 0, 0, 0, answer('zinter', intersection)],
  ['zintercard', -3, 'readonly movablekeys', 0, 0, 0, zintercard],
  ['zinterstore', -4, 'write denyoom movablekeys', 1, 1, 1, store('zinterstore', intersection)],
  ['zunion', -3, 'readonly movablekeys', 0, 0, 0, answer('zunion', union)],
  ['zunionstore', -4, 'write denyoom movablekeys', 1, 1, 1, store('zunionstore', union)],
]
