import type { Arguments } from '../arguments.js'
import { copy } from '../bytes.js'
import type { Database } from '../keyspace/database.js'
import { Event } from '../keyspace/event.js'
import { Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row } from './command.js'
import { changeExpiry } from './expiry.js'
import { isExpiryOption, readExpiry } from './moments.js'
import { readInteger } from './reading.js'

/** The longest string. */
const LONGEST = 512 * 1024 * 1024

const TOO_LONG = new Refusal('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
const BAD_OFFSET = new Refusal('ERR offset is out of range')

function get(database: Database, args: Arguments, reply: Reply): void {
  const value = database.string(args, 1)
  if (value === undefined) reply.null()
  else reply.span(value)
}

function set(database: Database, args: Arguments, reply: Reply): void {
  if (args.count > 3) return setWith(database, args, reply)
  database.setString(args, 1, args.bytes, args.start(2), args.end(2))
  database.event(Event.String, 'set', args, 1)
  reply.ok()
}

interface StringOptions {
  /** Only if the key exists, or only if it does not. */
  only: 'nx' | 'xx' | undefined
  /** Replies with the previous value of the key. */
  get: boolean
  /** Keeps the expiry of the key, or removes it. */
  keep: 'keepttl' | 'persist' | undefined
  /** The unit of the expiry, and the index of its argument. */
  unit: string | undefined
  expiry: number
}

function setWith(database: Database, args: Arguments, reply: Reply): void {
  const { only, get: answersOld, keep, unit, expiry } = readOptions(args, 3, 'set')
  const when = unit === undefined ? undefined : readExpiry(args, expiry, unit, database.now(), 'set')
  if (answersOld) get(database, args, reply)
  const wanted = only === undefined || database.has(args, 1) === (only === 'xx')
  if (wanted) {
    const moment = keep === undefined ? when : database.expiry(args, 1)
    database.setString(args, 1, args.bytes, args.start(2), args.end(2))
    if (moment !== undefined) database.expireAt(args, 1, moment)
    database.event(Event.String, 'set', args, 1)
    if (when !== undefined) database.event(Event.Generic, 'expire', args, 1)
  }
  if (answersOld) return
  if (wanted) reply.ok()
  else reply.null()
}

/** Parses the options of SET, or of GETEX, from `index` on. */
function readOptions(args: Arguments, index: number, command: 'set' | 'getex'): StringOptions {
  const options: StringOptions = { only: undefined, get: false, keep: undefined, unit: undefined, expiry: 0 }
  const keep = command === 'set' ? 'keepttl' : 'persist'
  for (let at = index; at < args.count; at++) {
    const word = args.word(at)
    if (isExpiryOption(word)) {
      if (options.keep !== undefined || (options.unit ?? word) !== word || at + 1 === args.count)
        throw SYNTAX_ERROR
      options.unit = word
      options.expiry = ++at
    } else if (word === keep && options.unit === undefined) options.keep = keep
    else if (command === 'getex') throw SYNTAX_ERROR
    else if ((word === 'nx' || word === 'xx') && (options.only ?? word) === word) options.only = word
    else if (word === 'get') options.get = true
    else throw SYNTAX_ERROR
  }
  return options
}

function setnx(database: Database, args: Arguments, reply: Reply): void {
  const absent = !database.has(args, 1)
  if (absent) {
    database.setString(args, 1, args.bytes, args.start(2), args.end(2))
    database.event(Event.String, 'set', args, 1)
  }
  reply.flag(absent)
}

function setex(database: Database, args: Arguments, reply: Reply): void {
  setExpiring(database, args, reply, 'ex', 'setex')
}

function psetex(database: Database, args: Arguments, reply: Reply): void {
  setExpiring(database, args, reply, 'px', 'psetex')
}

function setExpiring(database: Database, args: Arguments, reply: Reply, unit: string, name: string): void {
  const expiry = readExpiry(args, 2, unit, database.now(), name)
  database.setString(args, 1, args.bytes, args.start(3), args.end(3))
  database.expireAt(args, 1, expiry)
  database.event(Event.String, 'set', args, 1)
  database.event(Event.Generic, 'expire', args, 1)
  reply.ok()
}

function getset(database: Database, args: Arguments, reply: Reply): void {
  get(database, args, reply)
  database.setString(args, 1, args.bytes, args.start(2), args.end(2))
  database.event(Event.String, 'set', args, 1)
}

function getdel(database: Database, args: Arguments, reply: Reply): void {
  get(database, args, reply)
  database.delete(args, 1)
}

function getex(database: Database, args: Arguments, reply: Reply): void {
  const { keep, unit, expiry } = readOptions(args, 2, 'getex')
  const value = database.string(args, 1)
  if (value === undefined) return reply.null()
  const when = unit === undefined ? undefined : readExpiry(args, expiry, unit, database.now(), 'getex')
  reply.span(value)
  if (when !== undefined || keep !== undefined) changeExpiry(database, args, 1, when)
}

function mget(database: Database, args: Arguments, reply: Reply): void {
  reply.array(args.count - 1)
  for (let index = 1; index < args.count; index++) {
    const value = database.isString(args, index) ? database.string(args, index) : undefined
    if (value === undefined) reply.null()
    else reply.span(value)
  }
}

function mset(database: Database, args: Arguments, reply: Reply): void {
  checkPairs(args, 'mset')
  setPairs(database, args)
  reply.ok()
}

function msetnx(database: Database, args: Arguments, reply: Reply): void {
  checkPairs(args, 'msetnx')
  for (let index = 1; index < args.count; index += 2) {
    if (database.has(args, index)) return reply.flag(false)
  }
  setPairs(database, args)
  reply.flag(true)
}

function checkPairs(args: Arguments, name: string): void {
  if (args.count % 2 === 0) throw new Refusal(`ERR wrong number of arguments for '${name}' command`)
}

function setPairs(database: Database, args: Arguments): void {
  for (let index = 1; index < args.count; index += 2) {
    database.setString(args, index, args.bytes, args.start(index + 1), args.end(index + 1))
    database.event(Event.String, 'set', args, index)
  }
}

function append(database: Database, args: Arguments, reply: Reply): void {
  const old = database.string(args, 1)
  const length = old === undefined ? 0 : old.end - old.start
  const added = args.length(2)
  if (length + added > LONGEST) throw TOO_LONG
  if (old === undefined) database.setString(args, 1, args.bytes, args.start(2), args.end(2))
  else {
    const span = database.resizeString(args, 1, length + added)
    copy(args.bytes, args.start(2), args.end(2), span.bytes, span.start + length)
  }
  database.event(Event.String, 'append', args, 1)
  reply.integer(length + added)
}

function strlen(database: Database, args: Arguments, reply: Reply): void {
  const value = database.string(args, 1)
  reply.integer(value === undefined ? 0 : value.end - value.start)
}

function getrange(database: Database, args: Arguments, reply: Reply): void {
  const from = readInteger(args, 2)
  const to = readInteger(args, 3)
  const value = database.string(args, 1)
  const length = value === undefined ? 0 : value.end - value.start
  if (value === undefined || (from < 0 && to < 0 && from > to)) return reply.text('')
  const first = Math.max(from < 0 ? length + from : from, 0)
  const last = Math.min(Math.max(to < 0 ? length + to : to, 0), length - 1)
  if (first > last) reply.text('')
  else reply.bulk(value.bytes, value.start + first, value.start + last + 1)
}

function setrange(database: Database, args: Arguments, reply: Reply): void {
  const offset = readInteger(args, 2)
  if (offset < 0) throw BAD_OFFSET
  const old = database.string(args, 1)
  const length = old === undefined ? 0 : old.end - old.start
  if (args.length(3) === 0) return reply.integer(length)
  const end = offset + args.length(3)
  if (end > LONGEST) throw TOO_LONG
  const span = database.resizeString(args, 1, Math.max(length, end))
  copy(args.bytes, args.start(3), args.end(3), span.bytes, span.start + offset)
  database.event(Event.String, 'setrange', args, 1)
  reply.integer(Math.max(length, end))
}

export const STRINGS: readonly Row[] = [
  ['append', 3, 'write denyoom fast', 1, 1, 1, append],
  ['get', 2, 'readonly fast', 1, 1, 1, get],
  ['getdel', 2, 'write fast', 1, 1, 1, getdel],
  ['getex', -2, 'write fast', 1, 1, 1, getex],
  ['getrange', 4, 'readonly', 1, 1, 1, getrange],
  ['getset', 3, 'write denyoom fast', 1, 1, 1, getset],
  ['mget', -2, 'readonly fast', 1, -1, 1, mget],
  ['mset', -3, 'write denyoom', 1, -1, 2, mset],
  ['msetnx', -3, 'write denyoom', 1, -1, 2, msetnx],
  ['psetex', 4, 'write denyoom', 1, 1, 1, psetex],
  ['set', -3, 'write denyoom', 1, 1, 1, set],
  ['setex', 4, 'write denyoom', 1, 1, 1, setex],
  ['setnx', 3, 'write denyoom fast', 1, 1, 1, setnx],
  ['setrange', 4, 'write denyoom', 1, 1, 1, setrange],
  ['strlen', 2, 'readonly fast', 1, 1, 1, strlen],
  ['substr', 4, 'readonly', 1, 1, 1, getrange],
]
