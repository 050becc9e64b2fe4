import type { Arguments } from '../arguments.js'
import { Bytes } from '../bytes.js'
import type { Database } from '../keyspace/database.js'
import { Event } from '../keyspace/event.js'
import type { Moment } from '../keyspace/heap.js'
import { dump } from '../rdb/dump.js'
import { Malformed } from '../rdb/malformed.js'
import { isWhole, restore } from '../rdb/restore.js'
import { NOT_AN_INTEGER, Refusal, SYNTAX_ERROR } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row } from './command.js'
import { readExactInteger, readInteger } from './reading.js'

const BUSY = new Refusal('BUSYKEY Target key name already exists.')
const BAD_TTL = new Refusal('ERR Invalid TTL value, must be >= 0')
const BAD_IDLE_TIME = new Refusal('ERR Invalid IDLETIME value, must be >= 0')
const BAD_FREQUENCY = new Refusal('ERR Invalid FREQ value, must be >= 0 and <= 255')
const NOT_WHOLE = new Refusal('ERR DUMP payload version or checksum are wrong')
const MALFORMED = new Refusal('ERR Bad data format')

function dumpKey(database: Database, args: Arguments, reply: Reply): void {
  const entry = database.find(args, 1)
  if (entry === 0) return reply.null()
  const bytes = new Bytes(dump(database, entry))
  reply.bulk(bytes, 0, bytes.length)
}

function restoreKey(database: Database, args: Arguments, reply: Reply): void {
  const { replace, absolute } = readOptions(args)
  if (!replace && database.has(args, 1)) throw BUSY
  const when = readMoment(args, absolute, database.now())
  const bytes = args.copy(3)
  if (!isWhole(bytes)) throw NOT_WHOLE
  try {
    restore(database, args, 1, bytes)
  } catch (thrown) {
    throw thrown instanceof Malformed ? MALFORMED : thrown
  }
  if (when !== undefined && when <= database.now()) database.delete(args, 1)
  else {
    if (when !== undefined) database.expireAt(args, 1, when)
    database.event(Event.Generic, 'restore', args, 1)
  }
  reply.ok()
}

/** The last use of a key, or its frequency, at most one of which may be given, is not stored. */
function readOptions(args: Arguments): { replace: boolean; absolute: boolean } {
  const options = { replace: false, absolute: false }
  let usage: string | undefined
  for (let index = 4; index < args.count; index++) {
    const word = args.word(index)
    const isUsage = index + 1 < args.count && (usage ?? word) === word
    if (word === 'replace') options.replace = true
    else if (word === 'absttl') options.absolute = true
    else if ((word === 'idletime' || word === 'freq') && isUsage) {
      usage = word
      if (word === 'freq') checkBetween(args, ++index, 255, BAD_FREQUENCY)
      else checkBetween(args, ++index, Number.POSITIVE_INFINITY, BAD_IDLE_TIME)
    } else throw SYNTAX_ERROR
  }
  return options
}

function checkBetween(args: Arguments, index: number, most: number, refusal: Refusal): void {
  const value = readInteger(args, index, NOT_AN_INTEGER)
  if (value < 0 || value > most) throw refusal
}

/** The expiry of the key; `undefined`: none. */
function readMoment(args: Arguments, absolute: boolean, now: number): Moment | undefined {
  const ttl = readExactInteger(args, 2)
  if (ttl < 0) throw BAD_TTL
  if (ttl === 0) return undefined
  const when = absolute ? BigInt(ttl) : BigInt(ttl) + BigInt(Math.floor(now))
  const wrapped = BigInt.asIntN(64, when)
  return Number.isSafeInteger(Number(wrapped)) ? Number(wrapped) : wrapped
}

export const DUMPS: readonly Row[] = [
  ['dump', 2, 'readonly', 1, 1, 1, dumpKey],
  ['restore', -4, 'write denyoom', 1, 1, 1, restoreKey],
]
