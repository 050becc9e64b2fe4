import { checkObject } from '../checks.js'
import { RevioError } from '../errors.js'
import type { Configuration } from '../events.js'
import { show } from '../show.js'

/** The limits of one connection, in bytes and milliseconds; a timeout of 0 means none. */
export interface Limits {
  readonly reuseInputBuffer: boolean
  readonly halfOpen: boolean
  readonly closeOnBreak: boolean
  readonly idleTimeout: number
  readonly readTimeout: number
  readonly highWaterMark: number
  readonly maxPending: number
  readonly writeTimeout: number
}

const MIB = 1024 * 1024

export const defaultLimits: Limits = {
  reuseInputBuffer: false,
  halfOpen: false,
  closeOnBreak: false,
  idleTimeout: 0,
  readTimeout: 0,
  highWaterMark: MIB,
  maxPending: 16 * MIB,
  writeTimeout: 30_000,
}

/** Nothing else signals that a remote has gone. */
export const datagramLimits: Limits = { ...defaultLimits, idleTimeout: 60_000 }

/** Linux's maximum of `TCP_KEEPIDLE`, in seconds. */
const MAX_KEEP_ALIVE = 32_767

/** `keepAlive` in seconds, the system's unit, rounded up; 0 means off. */
export function keepAliveSeconds(keepAlive: number): number {
  return Math.min(Math.ceil(keepAlive / 1000), MAX_KEEP_ALIVE)
}

const KNOWN: ReadonlySet<string> = new Set<keyof Configuration<unknown> | 'handlers' | 'input'>([
  'keepAlive',
  'idleTimeout',
  'readTimeout',
  'highWaterMark',
  'maxPending',
  'writeTimeout',
  'noDelay',
  'paused',
  'reuseInputBuffer',
  'halfOpen',
  'closeOnBreak',
  'context',
  'handlers',
  'input',
])

/** Most connections use one of a few combinations, which they share; this is the most to cache. */
const MOST_SHARED = 16
const shared: Limits[] = [defaultLimits, datagramLimits]

/** The limits that options set. */
type Wished = { readonly [Name in keyof Limits]?: Limits[Name] | undefined }

/** A connection's options. */
export interface ReadOptions {
  readonly keepAlive: number | undefined
  readonly noDelay: boolean | undefined
  readonly paused: boolean | undefined
  readonly reuseInputBuffer: boolean | undefined
  readonly halfOpen: boolean | undefined
  readonly closeOnBreak: boolean | undefined
  readonly idleTimeout: number | undefined
  readonly readTimeout: number | undefined
  readonly highWaterMark: number | undefined
  readonly maxPending: number | undefined
  readonly writeTimeout: number | undefined
  readonly hasContext: boolean
  readonly context: unknown
  readonly handlers: unknown
  readonly input: unknown
}

// Properties are read by name below: V8 looks up computed names about ten times as slowly, for every connection.

/**
 * A connection's options, each read once: the program's may answer differently the next time, if they have getters or
 * are a Proxy.
 *
 * @throws `ERR_OPTION`, naming the option and its value.
 */
export function readOptions(options: Configuration): ReadOptions {
  checkObject(options)
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name))
      throw new RevioError(
        'ERR_OPTION',
        `unknown option "${name}"; known options are ${[...KNOWN].join(', ')}`,
      )
  }
  const given = options as { readonly [Name in keyof ReadOptions]?: unknown }
  return {
    keepAlive: finite('keepAlive', amount('keepAlive', given.keepAlive)),
    idleTimeout: amount('idleTimeout', given.idleTimeout),
    readTimeout: amount('readTimeout', given.readTimeout),
    highWaterMark: amount('highWaterMark', given.highWaterMark),
    maxPending: amount('maxPending', given.maxPending),
    writeTimeout: amount('writeTimeout', given.writeTimeout),
    noDelay: choice('noDelay', given.noDelay),
    paused: choice('paused', given.paused),
    reuseInputBuffer: choice('reuseInputBuffer', given.reuseInputBuffer),
    halfOpen: choice('halfOpen', given.halfOpen),
    closeOnBreak: choice('closeOnBreak', given.closeOnBreak),
    hasContext: 'context' in given,
    context: given.context,
    handlers: given.handlers,
    input: given.input,
  }
}

/** The limits from a connection's options, completed by `defaults`. */
export function limitsOf(options: Wished, defaults: Limits): Limits {
  const limits = limitsFrom(options, defaults)
  for (const other of shared) {
    if (areEqual(other, limits)) return other
  }
  if (shared.length < MOST_SHARED) shared.push(limits)
  return limits
}

function areEqual(one: Limits, other: Limits): boolean {
  return (
    one.reuseInputBuffer === other.reuseInputBuffer &&
    one.halfOpen === other.halfOpen &&
    one.closeOnBreak === other.closeOnBreak &&
    one.idleTimeout === other.idleTimeout &&
    one.readTimeout === other.readTimeout &&
    one.highWaterMark === other.highWaterMark &&
    one.maxPending === other.maxPending &&
    one.writeTimeout === other.writeTimeout
  )
}

function limitsFrom(options: Wished, defaults: Limits): Limits {
  return {
    reuseInputBuffer: options.reuseInputBuffer ?? defaults.reuseInputBuffer,
    halfOpen: options.halfOpen ?? defaults.halfOpen,
    closeOnBreak: options.closeOnBreak ?? defaults.closeOnBreak,
    idleTimeout: options.idleTimeout ?? defaults.idleTimeout,
    readTimeout: options.readTimeout ?? defaults.readTimeout,
    highWaterMark: options.highWaterMark ?? defaults.highWaterMark,
    maxPending: options.maxPending ?? defaults.maxPending,
    writeTimeout: options.writeTimeout ?? defaults.writeTimeout,
  }
}

function amount(name: string, value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return value
  throw new RevioError(
    'ERR_OPTION',
    `option ${name}: expected a non-negative number; received ${show(value)}`,
  )
}

function finite(name: string, value: number | undefined): number | undefined {
  if (value !== Number.POSITIVE_INFINITY) return value
  const message = `option ${name}: expected a finite number; received Infinity (0 turns it off)`
  throw new RevioError('ERR_OPTION', message)
}

function choice(name: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw new RevioError('ERR_OPTION', `option ${name}: expected true or false; received ${show(value)}`)
}
