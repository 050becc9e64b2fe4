import { checkObject } from '../checks.js'
import { RevioError } from '../errors.js'
import type { Options } from '../options.js'
import { kindOf, show } from '../show.js'
import type { UpgradeRequest } from './request.js'

/** What to do with a published message for a connection with more unsent output than `highWaterMark`. */
export type Slow = 'queue' | 'skip' | 'close'

/** Options of permessage-deflate. */
export interface DeflateOptions {
  /** Messages from this size in bytes on are compressed. Default 1024. */
  threshold?: number
  /**
   * Keeps the compression context between messages on both sides: smaller messages, at the memory for each connection
   * that docs/guide/websocket.md states. Default false.
   */
  contextTakeover?: boolean
  /** zlib's compression level, 1 to 9. Default 1. */
  level?: number
  /** The window size for sent messages, as a power of two, 9 to 15. Default 13. */
  windowBits?: number
  /** The memory for zlib's compression state, 1 to 9. Default 7. */
  memLevel?: number
}

/** Options for the underlying connection, as `opened` of the loop's handlers may return them. */
type Passed = Pick<
  Options,
  'highWaterMark' | 'maxPending' | 'writeTimeout' | 'keepAlive' | 'noDelay' | 'reuseInputBuffer'
>

/** Options of `websocket`; all are optional. Sizes and times are non-negative numbers, in bytes and milliseconds. */
export interface WebSocketOptions extends Passed {
  /** Limit on the size of a message, after inflation; a larger one gets close code 1009. Default 1 MiB. */
  maxMessage?: number
  /** Limit on the frames of a message; more get close code 1008. Default 16 384. */
  maxFragments?: number
  /** Limit on pings and pongs from a peer within a second; more get close code 1008. Default 1000. */
  maxPings?: number
  /** Milliseconds without a byte from the peer after which it gets a ping. 0: never. Default 30 000. */
  pingInterval?: number
  /** Milliseconds for the answer to such a ping; then the connection is reset. Default 10 000. */
  pongTimeout?: number
  /** Milliseconds for the answer to a close frame. Default 5000. */
  closeTimeout?: number
  /**
   * What to do with published messages for peers that read too slowly. Default `'queue'`: queues up to `maxPending`.
   */
  slow?: Slow
  /** permessage-deflate, if the peer offers it. Default false. */
  deflate?: boolean | DeflateOptions
  /**
   * Returns whether a page of this origin may connect; `origin` is undefined without an Origin header. False refuses
   * with status 403.
   */
  origin?(origin: string | undefined, request: UpgradeRequest): boolean | Promise<boolean>
  /** Selects one of the subprotocols that the client offers, or none. Absent: selects none. */
  subprotocol?(
    offered: readonly string[],
    request: UpgradeRequest,
  ): string | undefined | Promise<string | undefined>
}

/** The options with their defaults. */
export interface Settings {
  readonly maxMessage: number
  readonly maxFragments: number
  readonly maxPings: number
  readonly pingInterval: number
  readonly pongTimeout: number
  readonly closeTimeout: number
  readonly slow: Slow
  readonly deflate: Required<DeflateOptions> | undefined
  readonly passed: Passed
  readonly highWaterMark: number
  readonly origin: WebSocketOptions['origin']
  readonly subprotocol: WebSocketOptions['subprotocol']
}

const NUMBERS = {
  maxMessage: 1 << 20,
  maxFragments: 16_384,
  maxPings: 1000,
  pingInterval: 30_000,
  pongTimeout: 10_000,
  closeTimeout: 5000,
}
const PASSED_NUMBERS = ['highWaterMark', 'maxPending', 'writeTimeout', 'keepAlive'] as const
const PASSED_BOOLEANS = ['noDelay', 'reuseInputBuffer'] as const
const PASSED = [...PASSED_NUMBERS, ...PASSED_BOOLEANS] as const
const OTHERS = ['slow', 'deflate', 'origin', 'subprotocol'] as const
const DEFLATE = { threshold: 1024, contextTakeover: false, level: 1, windowBits: 13, memLevel: 7 }
/** The ranges of zlib's options. Raw deflate in zlib does not support a window of 8 bits. */
const RANGES = { level: [1, 9], windowBits: [9, 15], memLevel: [1, 9] } as const

/** @throws `ERR_OPTION`, naming the unknown or invalid option. */
export function settingsOf(options: WebSocketOptions): Settings {
  checkObject(options, 'websocket')
  const known: readonly string[] = [...Object.keys(NUMBERS), ...PASSED, ...OTHERS]
  refuseUnknown(options, known, 'option')
  const numbers = { ...NUMBERS }
  for (const name of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]) {
    const { [name]: value = NUMBERS[name] } = options
    numbers[name] = number(name, value)
  }
  const { slow = 'queue', deflate = false, origin, subprotocol } = options
  checkSlow(slow)
  for (const [name, hook] of Object.entries({ origin, subprotocol })) {
    if (hook === undefined || typeof hook === 'function') continue
    throw new RevioError('ERR_OPTION', `option ${name}: expected a function; received ${typeof hook}`)
  }
  const passed = passedOf(options)
  return {
    ...numbers,
    slow,
    deflate: deflateOf(deflate),
    passed,
    highWaterMark: passed.highWaterMark ?? 1 << 20,
    origin,
    subprotocol,
  }
}

/** @throws `ERR_OPTION` unless it is a valid `Slow`. */
export function checkSlow(slow: unknown): asserts slow is Slow {
  if (slow === 'queue' || slow === 'skip' || slow === 'close') return
  throw new RevioError(
    'ERR_OPTION',
    `option slow: expected 'queue', 'skip' or 'close'; received ${show(slow)}`,
  )
}

/** Only the options that were given; the others stay as `http` sets them. */
function passedOf(options: WebSocketOptions): Passed {
  for (const name of PASSED_NUMBERS) if (options[name] !== undefined) number(name, options[name])
  if (options.keepAlive === Number.POSITIVE_INFINITY) {
    throw new RevioError('ERR_OPTION', 'option keepAlive: expected a finite number; received Infinity')
  }
  for (const name of PASSED_BOOLEANS) if (options[name] !== undefined) boolean(name, options[name])
  return given(options, PASSED)
}

/** These options, but for those that are undefined. */
function given<Given extends object, Name extends keyof Given>(
  options: Given,
  names: readonly Name[],
): Partial<Pick<Given, Name>> {
  const present = names.filter(name => options[name] !== undefined)
  return Object.fromEntries(present.map(name => [name, options[name]])) as Partial<Pick<Given, Name>>
}

function deflateOf(deflate: boolean | DeflateOptions): Required<DeflateOptions> | undefined {
  if (deflate === false) return undefined
  if (deflate === true) return DEFLATE
  if (typeof deflate !== 'object' || deflate === null) {
    throw new RevioError(
      'ERR_OPTION',
      `option deflate: expected a boolean or an object; received ${show(deflate)}`,
    )
  }
  refuseUnknown(deflate, Object.keys(DEFLATE), 'option deflate.')
  const all = { ...DEFLATE, ...given(deflate, Object.keys(DEFLATE) as (keyof DeflateOptions)[]) }
  number('deflate.threshold', all.threshold)
  boolean('deflate.contextTakeover', all.contextTakeover)
  for (const name of Object.keys(RANGES) as (keyof typeof RANGES)[]) {
    const [least, most] = RANGES[name]
    if (Number.isInteger(all[name]) && all[name] >= least && all[name] <= most) continue
    throw new RevioError(
      'ERR_OPTION',
      `option deflate.${name}: expected an integer from ${least} to ${most}; received ${show(all[name])}`,
    )
  }
  return all
}

function refuseUnknown(options: object, known: readonly string[], what: string): void {
  const unknown = Object.keys(options).find(name => !known.includes(name))
  if (unknown === undefined) return
  const named = what.endsWith('.') ? `${what}${unknown}` : `${what} "${unknown}"`
  throw new RevioError('ERR_OPTION', `websocket: unknown ${named}; known options are ${known.join(', ')}`)
}

function number(name: string, value: number): number {
  if (typeof value === 'number' && value >= 0) return value
  throw new RevioError(
    'ERR_OPTION',
    `option ${name}: expected a non-negative number; received ${show(value)}`,
  )
}

function boolean(name: string, value: unknown): void {
  if (typeof value === 'boolean') return
  throw new RevioError('ERR_OPTION', `option ${name}: expected true or false; received ${kindOf(value)}`)
}
