import type { Arguments } from '../arguments.js'
import { Bytes, equal } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import type { Side } from '../keyspace/list.js'
import { MAX_INTEGER } from '../numbers.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import { contentOf } from '../wire.js'
import type { Row } from './command.js'
import { changed, listAt, POP, PUSH, popTo } from './lists.js'
import { readCount, readExactInteger, readKeyCount, readPositive } from './reading.js'

const ZERO_RANK = new Refusal(
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
)

const NEGATIVE_COUNT = new Refusal("ERR COUNT can't be negative")
const NEGATIVE_MAXLEN = new Refusal("ERR MAXLEN can't be negative")

export function readSide(args: Arguments, index: number): Side {
  const word = args.word(index)
  if (word !== 'left' && word !== 'right') throw SYNTAX_ERROR
  return word
}

function lmove(database: Database, args: Arguments, reply: Reply): void {
  if (!moveElement(database, args, reply, readSide(args, 3), readSide(args, 4))) reply.null()
}

function rpoplpush(database: Database, args: Arguments, reply: Reply): void {
  if (!moveElement(database, args, reply, 'right', 'left')) reply.null()
}

/** Moves an element from one end of a list to one of another, and replies with it; returns false if there is none. */
export function moveElement(
  database: Database,
  args: Arguments,
  reply: Reply,
  from: Side,
  to: Side,
): boolean {
  const source = listAt(database, args, 1)
  if (source === undefined) return false
  const target = database.objectOrNew(args, 2, Kind.List)
  // A copy, because both may be the same list, whose memory moves.
  const element = Bytes.copyOf(contentOf(source.end(from)))
  source.drop(from, 1)
  target.push(to, element, 0, element.length)
  changed(database, args, 2, target, PUSH[to])
  changed(database, args, 1, source, POP[from])
  reply.bulk(element, 0, element.length)
  return true
}

/** The arguments of LMPOP and BLMPOP: keys, the end, and the maximum number of elements. */
export function readListPop(args: Arguments, index: number): { keys: number[]; side: Side; count: number } {
  const count = readKeyCount(args, index)
  const next = index + count + 1
  if (next >= args.count) throw SYNTAX_ERROR
  const keys = Array.from({ length: count }, (_, at) => index + 1 + at)
  return { keys, side: readSide(args, next), count: readCount(args, next + 1) }
}

function lmpop(database: Database, args: Arguments, reply: Reply): void {
  const { keys, side, count } = readListPop(args, 1)
  if (!keys.some(index => popSome(database, args, index, reply, side, count))) reply.nullArray()
}

/** Removes elements of a list and replies with its key and them; returns false if there are none. */
export function popSome(
  database: Database,
  args: Arguments,
  index: number,
  reply: Reply,
  side: Side,
  count: number,
): boolean {
  const list = listAt(database, args, index)
  if (list === undefined) return false
  const popped = Math.min(count, list.length)
  reply.array(2)
  reply.bulk(args.bytes, args.start(index), args.end(index))
  reply.array(popped)
  popTo(reply, list, side, popped)
  changed(database, args, index, list, POP[side])
  return true
}

interface Search {
  /** Which of the equal elements to return first; negative: counted from the end. */
  rank: number
  /** How many to return, 0 for all; if absent, one, not in an array. */
  count: number | undefined
  /** How many elements to compare, 0 for all. */
  most: number
}

function lpos(database: Database, args: Arguments, reply: Reply): void {
  const { rank, count, most } = readSearch(args)
  const wanted = count === 0 ? Number.POSITIVE_INFINITY : (count ?? 1)
  const element = args.span(2)
  const found: number[] = []
  let skip = Math.abs(rank) - 1
  let looked = 0
  listAt(database, args)?.each(rank < 0 ? 'right' : 'left', (other, index) => {
    if (equal(other, element) && skip-- <= 0) found.push(index)
    return found.length < wanted && ++looked !== most
  })
  const [first] = found
  if (count !== undefined) {
    reply.array(found.length)
    for (const index of found) reply.integer(index)
  } else if (first === undefined) reply.null()
  else reply.integer(first)
}

function readSearch(args: Arguments): Search {
  const search: Search = { rank: 1, count: undefined, most: 0 }
  for (let index = 3; index < args.count; index += 2) {
    const word = args.word(index)
    if (index + 1 === args.count) throw SYNTAX_ERROR
    if (word === 'rank') search.rank = readRank(args, index + 1)
    else if (word === 'count') search.count = readPositive(args, index + 1, NEGATIVE_COUNT)
    else if (word === 'maxlen') search.most = readPositive(args, index + 1, NEGATIVE_MAXLEN)
    else throw SYNTAX_ERROR
  }
  return search
}

function readRank(args: Arguments, index: number): number {
  const rank = readExactInteger(args, index)
  if (rank === 0) throw ZERO_RANK
  // The smallest integer has no opposite, and means the last match to Redis.
  return rank < -MAX_INTEGER ? -1 : Number(rank)
}

export const LIST_MOVES: readonly Row[] = [
  ['lmove', 5, 'write denyoom', 1, 2, 1, lmove],
  ['lmpop', -4, 'write movablekeys', 0, 0, 0, lmpop],
  ['lpos', -3, 'readonly', 1, 1, 1, lpos],
  ['rpoplpush', 3, 'write denyoom', 1, 2, 1, rpoplpush],
]
