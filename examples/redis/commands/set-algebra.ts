import type { Arguments } from '../arguments.js'
import { NOWHERE, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import { Dict } from '../keyspace/dict.js'
import { noteSet } from '../keyspace/encoding.js'
import { Event } from '../keyspace/event.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { readKeyCount, readLimit } from './reading.js'
import { addMember, setAt } from './sets.js'

const TOO_MANY_KEYS = new Refusal("ERR Number of keys can't be greater than number of args")

/** The position of the current member. */
const member: Span = { ...NOWHERE }

/** Adds the result of a set operation to `result`; a missing set counts as empty. */
type Combine = (sets: readonly (Dict | undefined)[], result: Dict) => void

const union: Combine = (sets, result) => {
  for (const set of sets) set?.each(entry => addMember(result, set.heap.key(entry, member)))
}

const intersection: Combine = (sets, result) => {
  const all = sets.filter(set => set !== undefined).sort((left, right) => left.size - right.size)
  const [smallest, ...others] = all
  if (all.length < sets.length) return
  smallest?.each(entry => {
    const { bytes, start, end } = smallest.heap.key(entry, member)
    if (others.every(set => set.find(bytes, start, end) !== 0)) addMember(result, member)
  })
}

const difference: Combine = ([first, ...others], result) => {
  first?.each(entry => {
    const { bytes, start, end } = first.heap.key(entry, member)
    if (others.every(set => set === undefined || set.find(bytes, start, end) === 0)) addMember(result, member)
  })
}

/** The result of a set operation, as a set outside the database. */
function combined(database: Database, args: Arguments, from: number, to: number, combine: Combine): Dict {
  const sets = Array.from({ length: to - from }, (_, at) => setAt(database, args, from + at))
  const result = new Dict(database.heap)
  combine(sets, result)
  return result
}

function answer(combine: Combine): Run {
  return (database, args, reply) => {
    const result = combined(database, args, 1, args.count, combine)
    reply.set(result.size)
    result.each(entry => reply.span(result.heap.key(entry, member)))
    result.dispose()
  }
}

function store(name: string, combine: Combine): Run {
  return (database, args, reply) => {
    const result = combined(database, args, 2, args.count, combine)
    const { size } = result
    if (size > 0) {
      noteSet(database, result)
      database.setObject(args, 1, Kind.Set, result)
      database.event(Event.Set, name, args, 1)
    } else {
      result.dispose()
      database.delete(args, 1)
    }
    reply.integer(size)
  }
}

function sintercard(database: Database, args: Arguments, reply: Reply): void {
  const keys = readKeyCount(args, 1)
  if (keys > args.count - 2) throw TOO_MANY_KEYS
  const limit = readLimit(args, keys + 2)
  const result = combined(database, args, 2, keys + 2, intersection)
  reply.integer(limit === 0 ? result.size : Math.min(result.size, limit))
  result.dispose()
}

export const SET_ALGEBRA: readonly Row[] = [
  ['sdiff', -2, 'readonly', 1, -1, 1, answer(difference)],
  ['sdiffstore', -3, 'write denyoom', 1, -1, 1, store('sdiffstore', difference)],
  ['sinter', -2, 'readonly', 1, -1, 1, answer(intersection)],
  ['sintercard', -3, 'readonly movablekeys', 0, 0, 0, sintercard],
  ['sinterstore', -3, 'write denyoom', 1, -1, 1, store('sinterstore', intersection)],
  ['sunion', -2, 'readonly', 1, -1, 1, answer(union)],
  ['sunionstore', -3, 'write denyoom', 1, -1, 1, store('sunionstore', union)],
]
