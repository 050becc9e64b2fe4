import { checkObject } from '../checks.js'
import { RevioError } from '../errors.js'
import { looksOf } from '../show.js'

/**
 * Options of `http`. Sizes and times are non-negative numbers, in bytes and milliseconds; `Infinity` means no limit.
 */
export interface HttpOptions {
  /** `'bytes'`: `request` runs once the body has arrived. `'stream'`: it runs with the head. Default `'bytes'`. */
  bodies?: 'bytes' | 'stream'
  /** Limit on requests of one connection in progress at once; responses keep their order. Default 1. */
  concurrency?: number
  /** Limit on the size of a request's target; a larger one gets status 414. Default 8 KiB. */
  maxTarget?: number
  /**
   * Limit on the size of a request's head, and of chunk extensions, trailers and empty lines; a larger one gets status
   * 431. Default 16 KiB.
   */
  maxHead?: number
  /** Limit on the fields of a head, and of trailers; more get status 431. Default 100. */
  maxHeaders?: number
  /** Limit on the size of a body; a larger one gets status 413. Default 1 MiB. */
  maxBody?: number
  /** Limit on pipelined requests that are parsed ahead; later ones wait unparsed. Default 64. */
  maxPipelined?: number
  /** Limit on requests of one connection, which then closes. Default `Infinity`. */
  maxRequests?: number
  /** ms from a head's first byte to its last, and from opening to the first byte; then status 408. Default 30 000. */
  headTimeout?: number
  /** ms without progress of a body; then status 408. Default 30 000. */
  bodyTimeout?: number
  /**
   * ms from a request's first byte to its last; then status 408. The time that the program leaves a streamed body unread
   * does not count. Default 300 000.
   */
  requestTimeout?: number
  /** ms that a connection may stay open between two requests. Default 60 000. */
  idleTimeout?: number
}

export type Limits = Readonly<Required<HttpOptions>>

export const defaults: Limits = {
  bodies: 'bytes',
  concurrency: 1,
  maxTarget: 8 * 1024,
  maxHead: 16 * 1024,
  maxHeaders: 100,
  maxBody: 1024 * 1024,
  maxPipelined: 64,
  maxRequests: Number.POSITIVE_INFINITY,
  headTimeout: 30_000,
  bodyTimeout: 30_000,
  requestTimeout: 300_000,
  idleTimeout: 60_000,
}

/** The minimum of these limits. */
const LEAST: Partial<Record<keyof HttpOptions, number>> = { concurrency: 1, maxPipelined: 1, maxRequests: 1 }

/** @throws `ERR_OPTION` for an unknown option or an invalid value. */
export function limitsOf(options: HttpOptions = {}): Limits {
  checkObject(options, 'http')
  const limits: Record<string, unknown> = { ...defaults }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(defaults, name)) {
      throw wrong(`unknown option "${name}"; known options are ${Object.keys(defaults).join(', ')}`)
    }
    if (value === undefined) continue
    checkOption(name as keyof HttpOptions, value)
    limits[name] = value
  }
  return limits as unknown as Limits
}

function checkOption(name: keyof HttpOptions, value: unknown): void {
  if (name === 'bodies') {
    if (value === 'bytes' || value === 'stream') return
    throw wrong(`option bodies: expected 'bytes' or 'stream'; received ${looksOf(value)}`)
  }
  const least = LEAST[name] ?? 0
  if (typeof value === 'number' && value >= least) return
  throw wrong(`option ${name}: expected a number from ${least}; received ${looksOf(value)}`)
}

function wrong(message: string): RevioError {
  return new RevioError('ERR_OPTION', `http: ${message}`)
}
