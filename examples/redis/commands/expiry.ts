import type { Arguments } from '../arguments.js'
import type { Database } from '../keyspace/database.js'
import { Event } from '../keyspace/event.js'
import type { Moment } from '../keyspace/heap.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../reply.js'
import type { Row, Run } from './command.js'
import { readMoment } from './moments.js'

const NX_WITH_OTHERS = new Refusal('ERR NX and XX, GT or LT options at the same time are not compatible')
const GT_WITH_LT = new Refusal('ERR GT and LT options at the same time are not compatible')

/** EXPIRE and its variants, which differ in the unit. */
function expire(name: string, unit: string): Run {
  return (database, args, reply) => {
    const allowed = readConditions(args)
    const when = readMoment(args, 2, unit, database.now(), name)
    if (!database.has(args, 1) || !allowed(when, database.expiry(args, 1))) return reply.flag(false)
    changeExpiry(database, args, 1, when)
    reply.flag(true)
  }
}

/** Sets or removes the expiry of a key; deletes the key if that time has passed. */
export function changeExpiry(
  database: Database,
  args: Arguments,
  index: number,
  when: Moment | undefined,
): void {
  if (when !== undefined && when <= database.now()) return void database.delete(args, index)
  if (when === undefined && database.expiry(args, index) === undefined) return
  database.expireAt(args, index, when)
  database.event(Event.Generic, when === undefined ? 'persist' : 'expire', args, index)
}

/** Whether a key that expires at `old`, or never, may be changed to expire at `when`. */
type Condition = (when: Moment, old: Moment | undefined) => boolean

function readConditions(args: Arguments): Condition {
  const words = new Set<string>()
  for (let index = 3; index < args.count; index++) words.add(readCondition(args, index))
  if (words.has('nx') && words.size > 1) throw NX_WITH_OTHERS
  if (words.has('gt') && words.has('lt')) throw GT_WITH_LT
  return (when, old) => {
    if (words.has('nx') && old !== undefined) return false
    if (words.has('xx') && old === undefined) return false
    if (words.has('gt') && when <= (old ?? Number.POSITIVE_INFINITY)) return false
    return !words.has('lt') || when < (old ?? Number.POSITIVE_INFINITY)
  }
}

function readCondition(args: Arguments, index: number): string {
  const word = args.word(index)
  if (['nx', 'xx', 'gt', 'lt'].includes(word)) return word
  throw new Refusal(`ERR Unsupported option ${args.shown(index)}`)
}

/** TTL and its variants: -2 if the key does not exist, -1 if it never expires. */
function remaining(measure: (expiry: Moment, now: number) => Moment): Run {
  return (database, args, reply) => {
    if (!database.has(args, 1)) return reply.integer(-2)
    const expiry = database.expiry(args, 1)
    reply.integer(expiry === undefined ? -1 : measure(expiry, database.now()))
  }
}

function persist(database: Database, args: Arguments, reply: Reply): void {
  const expires = database.expiry(args, 1) !== undefined
  if (expires) changeExpiry(database, args, 1, undefined)
  reply.flag(expires)
}

const seconds = (ms: Moment) => (typeof ms === 'bigint' ? (ms + 500n) / 1000n : Math.floor((ms + 500) / 1000))

/** The time until then. */
const until = (when: Moment, now: number) =>
  typeof when === 'bigint' ? when - BigInt(Math.floor(now)) : Math.max(when - now, 0)

export const EXPIRY: readonly Row[] = [
  ['expire', -3, 'write fast', 1, 1, 1, expire('expire', 'ex')],
  ['expireat', -3, 'write fast', 1, 1, 1, expire('expireat', 'exat')],
  ['expiretime', 2, 'readonly fast', 1, 1, 1, remaining(expiry => seconds(expiry))],
  ['persist', 2, 'write fast', 1, 1, 1, persist],
  ['pexpire', -3, 'write fast', 1, 1, 1, expire('pexpire', 'px')],
  ['pexpireat', -3, 'write fast', 1, 1, 1, expire('pexpireat', 'pxat')],
  ['pexpiretime', 2, 'readonly fast', 1, 1, 1, remaining(expiry => expiry)],
  ['pttl', 2, 'readonly fast', 1, 1, 1, remaining(until)],
  ['ttl', 2, 'readonly fast', 1, 1, 1, remaining((expiry, now) => seconds(until(expiry, now)))],
]
