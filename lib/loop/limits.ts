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

const NUMBERS = [
  'keepAlive',
  'idleTimeout',
  'readTimeout',
  'highWaterMark',
  'maxPending',
  'writeTimeout',
] as const
const BOOLEANS = ['noDelay', 'paused', 'reuseInputBuffer', 'halfOpen', 'closeOnBreak'] as const
const KNOWN: ReadonlySet<string> = new Set([...NUMBERS, ...BOOLEANS, 'context', 'handlers', 'input'])

const NAMES = Object.keys(defaultLimits) as readonly (keyof Limits)[]

/** Most connections use one of a few combinations, which they share; this is the most to cache. */
const MOST_SHARED = 16
const shared: Limits[] = [defaultLimits, datagramLimits]

/**
 * A connection's options, each read once: the program's may answer differently the next time, if they have getters or
 * are a Proxy.
 *
 * @throws `ERR_OPTION`, naming the option and its value.
 */
export function readOptions(options: Configuration): Configuration {
  checkObject(options)
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name))
      throw new RevioError(
        'ERR_OPTION',
        `unknown option "${name}"; known options are ${[...KNOWN].join(', ')}`,
      )
  }
  const read: Record<string, unknown> = {}
  for (const name of KNOWN) if (name in options) read[name] = options[name as keyof Configuration]
  checkOptions(read)
  return read
}

/** The limits from a connection's options, completed by `defaults`. */
export function limitsOf(options: Configuration, defaults: Limits): Limits {
  const limits = limitsFrom(options, defaults)
  const equal = shared.find(other => areEqual(other, limits))
  if (equal === undefined && shared.length < MOST_SHARED) shared.push(limits)
  return equal ?? limits
}

function areEqual(one: Limits, other: Limits): boolean {
  return NAMES.every(name => one[name] === other[name])
}

function limitsFrom(options: Configuration, defaults: Limits): Limits {
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

function checkOptions(options: Configuration): void {
  for (const name of NUMBERS) {
    const value = options[name]
    if (value !== undefined && !(typeof value === 'number' && value >= 0)) {
      throw new RevioError(
        'ERR_OPTION',
        `option ${name}: expected a non-negative number; received ${show(value)}`,
      )
    }
  }
  if (options.keepAlive === Number.POSITIVE_INFINITY) {
    throw new RevioError(
      'ERR_OPTION',
      'option keepAlive: expected a finite number; received Infinity (0 turns it off)',
    )
  }
  for (const name of BOOLEANS) {
    const value = options[name]
    if (value !== undefined && typeof value !== 'boolean') {
      throw new RevioError('ERR_OPTION', `option ${name}: expected true or false; received ${show(value)}`)
    }
  }
}
