import type { Arguments } from '../arguments.js'
import { equal, type Span } from '../bytes.js'
import { type Database, Kind } from '../keyspace/database.js'
import { Event } from '../keyspace/event.js'
import type { List, Side } from '../keyspace/list.js'
import { NO_SUCH_KEY, OUT_OF_RANGE, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { wrongCount } from './container.js'
import { NOT_POSITIVE, readInteger, readRange } from './reading.js'

export function listAt(database: Database, args: Arguments, index = 1): List | undefined {
  return database.object(args, index, Kind.List)
}

/** Reports a change of the list, and deletes it if it is empty. */
export function changed(database: Database, args: Arguments, index: number, list: List, event: string): void {
  database.event(Event.List, event, args, index)
  if (list.length === 0) database.delete(args, index)
}

export const PUSH = { left: 'lpush', right: 'rpush' } as const
export const POP = { left: 'lpop', right: 'rpop' } as const

function push(side: Side): Run {
  return (database, args, reply) => {
    const list = database.objectOrNew(args, 1, Kind.List)
    for (let index = 2; index < args.count; index++) {
      list.push(side, args.bytes, args.start(index), args.end(index))
    }
    changed(database, args, 1, list, PUSH[side])
    reply.integer(list.length)
  }
}

function pushIfPresent(side: Side): Run {
  const run = push(side)
  return (database, args, reply, client) => {
    if (listAt(database, args) === undefined) reply.integer(0)
    else run(database, args, reply, client)
  }
}

function pop(side: Side, name: string): Run {
  return (database, args, reply) => {
    if (args.count > 3) throw wrongCount(name)
    const several = args.count === 3
    const count = several ? readInteger(args, 2, NOT_POSITIVE) : 1
    if (count < 0) throw NOT_POSITIVE
    const list = listAt(database, args)
    if (list === undefined) return several ? reply.nullArray() : reply.null()
    if (several) reply.array(Math.min(count, list.length))
    popTo(reply, list, side, Math.min(count, list.length))
    if (count > 0) changed(database, args, 1, list, POP[side])
  }
}

/** Removes elements and replies with them. */
export function popTo(reply: Reply, list: List, side: Side, count: number): void {
  for (let left = count; left > 0; left--) {
    const { bytes, start, end } = list.end(side)
    reply.raw(bytes, start, end)
    list.drop(side, 1)
  }
}

function llen(database: Database, args: Arguments, reply: Reply): void {
  reply.integer(listAt(database, args)?.length ?? 0)
}

function lindex(database: Database, args: Arguments, reply: Reply): void {
  const list = listAt(database, args)
  if (list === undefined) return reply.null()
  const wanted = readInteger(args, 2)
  const index = wanted < 0 ? wanted + list.length : wanted
  if (index < 0 || index >= list.length) return reply.null()
  const { bytes, start, end } = list.at(index)
  reply.raw(bytes, start, end)
}

function lrange(database: Database, args: Arguments, reply: Reply): void {
  const wanted = readRange(args, 2)
  const list = listAt(database, args)
  const { from, to } = wanted.of(list?.length ?? 0)
  reply.array(to - from)
  list?.range(from, to, ({ bytes, start, end }) => reply.raw(bytes, start, end))
}

function ltrim(database: Database, args: Arguments, reply: Reply): void {
  const wanted = readRange(args, 2)
  const list = listAt(database, args)
  if (list !== undefined) {
    const { from, to } = wanted.of(list.length)
    list.drop('right', list.length - to)
    list.drop('left', from)
    changed(database, args, 1, list, 'ltrim')
  }
  reply.ok()
}

function lset(database: Database, args: Arguments, reply: Reply): void {
  const list = listAt(database, args)
  if (list === undefined) throw NO_SUCH_KEY
  const wanted = readInteger(args, 2)
  const index = wanted < 0 ? wanted + list.length : wanted
  if (index < 0 || index >= list.length) throw OUT_OF_RANGE
  list.set(index, args.span(3))
  changed(database, args, 1, list, 'lset')
  reply.ok()
}

function linsert(database: Database, args: Arguments, reply: Reply): void {
  const where = args.word(2)
  if (where !== 'before' && where !== 'after') throw SYNTAX_ERROR
  const list = listAt(database, args)
  if (list === undefined) return reply.integer(0)
  const pivot = find(list, 'left', args.span(3), 1)[0]
  if (pivot === undefined) return reply.integer(-1)
  list.insert(where === 'before' ? pivot : pivot + 1, args.span(4))
  changed(database, args, 1, list, 'linsert')
  reply.integer(list.length)
}

/** The indexes of the first `most` elements equal to a value, from an end. */
function find(list: List, side: Side, value: Span, most: number): number[] {
  const found: number[] = []
  list.each(side, (element, index) => {
    if (equal(element, value)) found.push(index)
    return found.length < most
  })
  return found
}

function lrem(database: Database, args: Arguments, reply: Reply): void {
  const count = readInteger(args, 2)
  const list = listAt(database, args)
  if (list === undefined) return reply.integer(0)
  const most = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count)
  const found = find(list, count < 0 ? 'right' : 'left', args.span(3), most)
  if (found.length > 0) {
    list.remove(new Set(found))
    changed(database, args, 1, list, 'lrem')
  }
  reply.integer(found.length)
}

export const LISTS: readonly Row[] = [
  ['lindex', 3, 'readonly', 1, 1, 1, lindex],
  ['linsert', 5, 'write denyoom', 1, 1, 1, linsert],
  ['llen', 2, 'readonly fast', 1, 1, 1, llen],
  ['lpop', -2, 'write fast', 1, 1, 1, pop('left', 'lpop')],
  ['lpush', -3, 'write denyoom fast', 1, 1, 1, push('left')],
  ['lpushx', -3, 'write denyoom fast', 1, 1, 1, pushIfPresent('left')],
  ['lrange', 4, 'readonly', 1, 1, 1, lrange],
  ['lrem', 4, 'write', 1, 1, 1, lrem],
  ['lset', 4, 'write denyoom', 1, 1, 1, lset],
  ['ltrim', 4, 'write', 1, 1, 1, ltrim],
  ['rpop', -2, 'write fast', 1, 1, 1, pop('right', 'rpop')],
  ['rpush', -3, 'write denyoom fast', 1, 1, 1, push('right')],
  ['rpushx', -3, 'write denyoom fast', 1, 1, 1, pushIfPresent('right')],
]
