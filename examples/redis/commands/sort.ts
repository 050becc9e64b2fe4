import { Buffer } from 'node:buffer'
import { Arguments } from '../arguments.js'
import { Bytes, NOWHERE, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import { Event } from '../keyspace/event.js'
import { List } from '../keyspace/list.js'
import { parseFloat64 } from '../numbers.js'
import { Refusal, SYNTAX_ERROR, WRONG_TYPE } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { readInteger } from './reading.js'

const NOT_NUMBERS = new Refusal("ERR One or more scores can't be converted into double")

const place: Span = { ...NOWHERE }
const STAR = 42

interface Options {
  descending: boolean
  /** By bytes instead of numbers. */
  alpha: boolean
  offset: number
  count: number
  by: Buffer | undefined
  gets: Buffer[]
  /** The index of the argument with the destination key. */
  store: number | undefined
}

function sort(readOnly: boolean): Run {
  return (database, args, reply) => {
    const options = readOptions(args, readOnly)
    const sorted = select(sortElements(database, elementsOf(database, args), options), options)
    const result =
      options.gets.length === 0 ? sorted : sorted.flatMap(element => fetch(database, element, options))
    if (options.store === undefined) replyAll(reply, result)
    else store(database, args, options.store, result, reply)
  }
}

function readOptions(args: Arguments, readOnly: boolean): Options {
  const options: Options = {
    descending: false,
    alpha: false,
    offset: 0,
    count: -1,
    by: undefined,
    gets: [],
    store: undefined,
  }
  for (let index = 2; index < args.count; index++) {
    const word = args.word(index)
    const left = args.count - index - 1
    if (word === 'asc') options.descending = false
    else if (word === 'desc') options.descending = true
    else if (word === 'alpha') options.alpha = true
    else if (word === 'limit' && left >= 2) {
      options.offset = Math.max(readInteger(args, ++index), 0)
      options.count = readInteger(args, ++index)
    } else if (word === 'by' && left >= 1) options.by = args.copy(++index)
    else if (word === 'get' && left >= 1) options.gets.push(args.copy(++index))
    else if (word === 'store' && left >= 1 && !readOnly) options.store = ++index
    else throw SYNTAX_ERROR
  }
  return options
}

/** The elements to sort. */
interface Elements {
  kind: Kind
  values: Buffer[]
}

function elementsOf(database: Database, args: Arguments): Elements {
  const values: Buffer[] = []
  const entry = database.find(args, 1)
  const kind = entry === 0 ? Kind.List : database.kind(entry)
  if (kind === Kind.String || kind === Kind.Hash) throw WRONG_TYPE
  const add = (span: Span) => values.push(copyOf(span))
  if (kind === Kind.List) database.object(args, 1, kind)?.each('left', element => add(element) > 0)
  if (kind === Kind.Set) {
    const set = database.object(args, 1, kind)
    set?.each(entry => add(set.heap.key(entry, place)))
  }
  if (kind === Kind.SortedSet) {
    const set = database.object(args, 1, kind)
    set?.each(entry => add(set.member(entry, place)))
  }
  return { kind, values }
}

function copyOf({ bytes, start, end }: Span): Buffer {
  return Buffer.from(bytes.buffer.subarray(start, end))
}

/** An element and its sort key: a number, bytes, or nothing. */
interface Weighed {
  element: Buffer
  score: number
  weight: Buffer | undefined
}

function sortElements(database: Database, { kind, values }: Elements, options: Options): Buffer[] {
  const { by, alpha, descending, store } = options
  const unsorted = by !== undefined && !by.includes(STAR)
  // A set has no order, but a stored result should be the same each time.
  if (unsorted && kind === Kind.Set && store !== undefined) {
    return values.sort((left, right) => (descending ? -1 : 1) * left.compare(right))
  }
  if (unsorted) return descending && kind !== Kind.Set ? values.reverse() : values
  const weighed = values.map(element => weigh(database, element, by, alpha))
  const compare = alpha ? compareWeights(by !== undefined) : compareScores
  weighed.sort((left, right) => (descending ? -compare(left, right) : compare(left, right)))
  return weighed.map(({ element }) => element)
}

function weigh(database: Database, element: Buffer, by: Buffer | undefined, alpha: boolean): Weighed {
  const weight = by === undefined ? element : lookUp(database, by, element)
  const score = alpha || weight === undefined ? 0 : parseScore(weight)
  return { element, score, weight }
}

function parseScore(text: Buffer): number {
  if (text.length === 0) return 0
  const score = parseFloat64(text.toString('latin1').replace(/^[ \t-\r]+/, ''))
  if (score === undefined) throw NOT_NUMBERS
  return score
}

/** Elements with the same score are ordered by their bytes. */
function compareScores(left: Weighed, right: Weighed): number {
  if (left.score !== right.score) return left.score < right.score ? -1 : 1
  return left.element.compare(right.element)
}

function compareWeights(byOther: boolean) {
  return (left: Weighed, right: Weighed): number => {
    if (!byOther) return left.element.compare(right.element)
    if (left.weight === undefined || right.weight === undefined) {
      return Number(left.weight !== undefined) - Number(right.weight !== undefined)
    }
    return left.weight.compare(right.weight)
  }
}

function select(sorted: Buffer[], { offset, count }: Options): Buffer[] {
  return sorted.slice(offset, count < 0 ? undefined : offset + count)
}

/** The values of the GET patterns for an element. */
function fetch(database: Database, element: Buffer, { gets }: Options): (Buffer | undefined)[] {
  return gets.map(pattern => lookUp(database, pattern, element))
}

/**
 * The value that a pattern refers to: `#` is the element itself, `weight_*` the string at that key, `object_*->name` a
 * field of a hash.
 */
function lookUp(database: Database, pattern: Buffer, element: Buffer): Buffer | undefined {
  if (pattern.length === 1 && pattern[0] === 35) return element
  const star = pattern.indexOf(STAR)
  if (star < 0) return undefined
  const arrow = pattern.indexOf('->', star + 1)
  const end = arrow < 0 || arrow + 2 === pattern.length ? pattern.length : arrow
  const args = new Arguments()
  const key = Buffer.concat([pattern.subarray(0, star), element, pattern.subarray(star + 1, end)])
  args.assign([key, pattern.subarray(end + 2)])
  const entry = database.find(args, 0)
  if (entry === 0) return undefined
  if (end === pattern.length)
    return database.isString(args, 0) ? bytesOf(database.string(args, 0)) : undefined
  if (database.kind(entry) !== Kind.Hash) return undefined
  const hash = database.object(args, 0, Kind.Hash)
  const field = hash?.find(args.bytes, args.start(1), args.end(1)) ?? 0
  return field === 0 ? undefined : bytesOf(hash?.heap.value(field, place))
}

function bytesOf(span: Span | undefined): Buffer | undefined {
  return span === undefined ? undefined : copyOf(span)
}

function replyAll(reply: Reply, result: readonly (Buffer | undefined)[]): void {
  reply.array(result.length)
  for (const value of result) {
    if (value === undefined) reply.null()
    else reply.bulk(new Bytes(value), 0, value.length)
  }
}

function store(
  database: Database,
  args: Arguments,
  index: number,
  result: readonly (Buffer | undefined)[],
  reply: Reply,
): void {
  if (result.length > 0) {
    const list = new List(database.heap)
    for (const value of result) {
      const bytes = new Bytes(value ?? Buffer.alloc(0))
      list.push('right', bytes, 0, bytes.length)
    }
    database.setObject(args, index, Kind.List, list)
    database.event(Event.List, 'sortstore', args, index)
  } else database.delete(args, index)
  reply.integer(result.length)
}

export const SORT: readonly Row[] = [
  ['sort', -2, 'write denyoom movablekeys', 1, 1, 1, sort(false)],
  ['sort_ro', -2, 'readonly movablekeys', 1, 1, 1, sort(true)],
]
