import type { Arguments } from '../arguments.js'
import { NOWHERE, type Span } from '../bytes.js'
import type { Client } from '../client.js'
import type { Database } from '../keyspace/database.js'
import { Event } from '../keyspace/event.js'
import { NO_SUCH_KEY, Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'

import type { Row } from './command.js'
import { BAD_DATABASE, readInt32 } from './reading.js'
import { readCursor, readPattern, readScan } from './scanning.js'

const KIND_NAMES = ['string', 'list', 'set', 'hash', 'zset'] as const

const SAME = new Refusal('ERR source and destination objects are the same')

/** The position of the visited key. */
const key: Span = { ...NOWHERE }

function del(database: Database, args: Arguments, reply: Reply): void {
  let removed = 0
  for (let index = 1; index < args.count; index++) if (database.delete(args, index)) removed++
  reply.integer(removed)
}

function exists(database: Database, args: Arguments, reply: Reply): void {
  let found = 0
  for (let index = 1; index < args.count; index++) if (database.has(args, index)) found++
  reply.integer(found)
}

function type(database: Database, args: Arguments, reply: Reply): void {
  const entry = database.find(args, 1)
  reply.simple(entry === 0 ? 'none' : KIND_NAMES[database.kind(entry)])
}

function keys(database: Database, args: Arguments, reply: Reply): void {
  const pattern = readPattern(args, 1)
  const found: number[] = []
  database.each(entry => {
    const { bytes, start, end } = database.heap.key(entry, key)
    if (pattern?.matches(bytes.buffer, start, end) ?? true) found.push(entry)
  })
  replyKeys(database, found, reply)
}

function scan(database: Database, args: Arguments, reply: Reply): void {
  const cursor = readCursor(args, 1)
  const { count, match, type: wanted } = readScan(args, 1, true)
  const found: number[] = []
  const next = database.scan(cursor, count, entry => {
    const { bytes, start, end } = database.heap.key(entry, key)
    if (wanted !== undefined && KIND_NAMES[database.kind(entry)] !== wanted) return
    if (match === undefined || match.matches(bytes.buffer, start, end)) found.push(entry)
  })
  reply.array(2)
  reply.text(String(next))
  replyKeys(database, found, reply)
}

function replyKeys(database: Database, entries: readonly number[], reply: Reply): void {
  reply.array(entries.length)
  for (const entry of entries) reply.span(database.heap.key(entry, key))
}

function randomkey(database: Database, _args: Arguments, reply: Reply): void {
  const entry = database.random()
  if (entry === 0) reply.null()
  else reply.span(database.heap.key(entry, key))
}

function rename(database: Database, args: Arguments, reply: Reply): void {
  if (!database.has(args, 1)) throw NO_SUCH_KEY
  renameKey(database, args)
  reply.ok()
}

function renamenx(database: Database, args: Arguments, reply: Reply): void {
  if (!database.has(args, 1)) throw NO_SUCH_KEY
  const absent = !database.has(args, 2)
  if (absent) renameKey(database, args)
  reply.flag(absent)
}

function renameKey(database: Database, args: Arguments): void {
  database.rename(args, 1, 2)
  database.event(Event.Generic, 'rename_from', args, 1)
  database.event(Event.Generic, 'rename_to', args, 2)
}

function copy(database: Database, args: Arguments, reply: Reply, client: Client): void {
  let target = database
  let replace = false
  for (let index = 3; index < args.count; index++) {
    const word = args.word(index)
    if (word === 'replace') replace = true
    else if (word === 'db' && index + 1 < args.count) target = readDatabase(args, ++index, client)
    else throw SYNTAX_ERROR
  }
  if (target === database && args.same(1, 2)) throw SAME
  if (!database.has(args, 1) || (target.has(args, 2) && !replace)) return reply.flag(false)
  database.copy(args, 1, target, 2)
  target.event(Event.Generic, 'copy_to', args, 2)
  reply.flag(true)
}

function move(database: Database, args: Arguments, reply: Reply, client: Client): void {
  const target = readDatabase(args, 2, client)
  if (target === database) throw SAME
  if (!database.has(args, 1) || target.has(args, 1)) return reply.flag(false)
  database.copy(args, 1, target, 1)
  database.remove(args, 1)
  database.event(Event.Generic, 'move_from', args, 1)
  target.event(Event.Generic, 'move_to', args, 1)
  reply.flag(true)
}

function readDatabase(args: Arguments, index: number, client: Client): Database {
  const wanted = readInt32(args, index)
  if (!client.instance.hasDatabase(wanted)) throw BAD_DATABASE
  return client.instance.database(wanted)
}

export const KEYS: readonly Row[] = [
  ['copy', -3, 'write denyoom', 1, 2, 1, copy],
  ['del', -2, 'write', 1, -1, 1, del],
  ['exists', -2, 'readonly fast', 1, -1, 1, exists],
  ['keys', 2, 'readonly', 0, 0, 0, keys],
  ['move', 3, 'write fast', 1, 1, 1, move],
  ['randomkey', 1, 'readonly', 0, 0, 0, randomkey],
  ['rename', 3, 'write', 1, 2, 1, rename],
  ['renamenx', 3, 'write fast', 1, 2, 1, renamenx],
  ['scan', -2, 'readonly', 0, 0, 0, scan],
  ['touch', -2, 'readonly fast', 1, -1, 1, exists],
  ['type', 2, 'readonly fast', 1, 1, 1, type],
  ['unlink', -2, 'write fast', 1, -1, 1, del],
]
