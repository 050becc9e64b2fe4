import { formatEvents, parseEvents } from './keyspace/event.js'
import type { Limits } from './keyspace/limits.js'
import { Refusal } from './refusal.js'

/** Validates a setting's value and returns its canonical form; throws a `Refusal` that says what is wrong. */
export type Check = (value: string) => string

/** A setting: its default, its parser, and the limit of the keyspace that it sets, if any. */
export interface Definition {
  value: string
  /** Absent: the setting is read-only. */
  check?: Check
  limit?: keyof Limits
  /** Another name of the same setting. */
  alias?: string
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
}

const text: Check = value => value

const yesNo: Check = value => {
  if (!/^(yes|no)$/i.test(value)) throw new Refusal("argument must be 'yes' or 'no'")
  return value.toLowerCase()
}

function number(least: number, most: number | bigint): Check {
  return value => {
    if (!/^-?\d{1,18}$/.test(value)) throw new Refusal("argument couldn't be parsed into an integer")
    const number = Number(value)
    if (number < least || number > most)
      throw new Refusal(`argument must be between ${least} and ${most} inclusive`)
    return String(number)
  }
}

function memory(least = 0): Check {
  return value => {
    const [, digits = '', unit = ''] = /^(\d{1,15})([a-z]*)$/.exec(value.toLowerCase()) ?? []
    const scale = UNITS[unit]
    if (digits === '' || scale === undefined) throw new Refusal('argument must be a memory value')
    const bytes = Number(digits) * scale
    if (bytes < least) throw new Refusal(`argument must be between ${least} and ${LONG} inclusive`)
    return String(bytes)
  }
}

function oneOf(...words: string[]): Check {
  return value => {
    const word = value.toLowerCase()
    if (!words.includes(word))
      throw new Refusal(`argument(s) must be one of the following: ${words.join(', ')}`)
    return word
  }
}

const events: Check = value => {
  const flags = parseEvents(value)
  if (flags === undefined) throw new Refusal("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
  return formatEvents(flags)
}

const INT = 2 ** 31 - 1
const LONG = 2n ** 63n - 1n
const POLICIES = [
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'noeviction',
]

/**
 * The settings of CONFIG GET and CONFIG SET. Unless noted otherwise, a setting is stored and reported, but has no
 * effect: clients, tools and Redis's own tests expect it.
 */
export const DEFINITIONS: Readonly<Record<string, Definition>> = {
  'active-expire-effort': { value: '1', check: number(1, 10) },
  activerehashing: { value: 'yes', check: yesNo },
  appendonly: { value: 'no' },
  'busy-reply-threshold': { value: '5000', check: number(0, LONG), alias: 'lua-time-limit' },
  'client-query-buffer-limit': { value: '1073741824', check: memory(2 ** 20) },
  databases: { value: '16' },
  'hash-max-listpack-entries': {
    value: '512',
    check: number(0, LONG),
    limit: 'hashEntries',
    alias: 'hash-max-ziplist-entries',
  },
  'hash-max-listpack-value': {
    value: '64',
    check: memory(),
    limit: 'hashValue',
    alias: 'hash-max-ziplist-value',
  },
  'hll-sparse-max-bytes': { value: '3000', check: memory() },
  'lazyfree-lazy-eviction': { value: 'no', check: yesNo },
  'lazyfree-lazy-expire': { value: 'no', check: yesNo },
  'lazyfree-lazy-server-del': { value: 'no', check: yesNo },
  'lazyfree-lazy-user-del': { value: 'no', check: yesNo },
  'lazyfree-lazy-user-flush': { value: 'no', check: yesNo },
  'list-compress-depth': { value: '0', check: number(0, INT) },
  'list-max-listpack-size': { value: '-2', check: number(-INT - 1, INT), alias: 'list-max-ziplist-size' },
  maxclients: { value: '10000', check: number(1, 2 ** 32 - 1) },
  maxmemory: { value: '0', check: memory() },
  'maxmemory-policy': { value: 'noeviction', check: oneOf(...POLICIES) },
  'notify-keyspace-events': { value: '', check: events },
  'proto-max-bulk-len': { value: '536870912' },
  save: { value: '', check: text },
  'set-max-intset-entries': { value: '512', check: number(0, LONG), limit: 'setIntegers' },
  'slowlog-log-slower-than': { value: '10000', check: number(-1, LONG) },
  'slowlog-max-len': { value: '128', check: number(0, LONG) },
  'stop-writes-on-bgsave-error': { value: 'yes', check: yesNo },
  timeout: { value: '0', check: number(0, INT) },
  'zset-max-listpack-entries': {
    value: '128',
    check: number(0, LONG),
    limit: 'sortedSetEntries',
    alias: 'zset-max-ziplist-entries',
  },
  'zset-max-listpack-value': {
    value: '64',
    check: memory(),
    limit: 'sortedSetValue',
    alias: 'zset-max-ziplist-value',
  },
}
