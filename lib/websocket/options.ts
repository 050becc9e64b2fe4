import { RevioError } from '../errors.js'
import type { Options } from '../options.js'
import type { UpgradeRequest } from './request.js'

/** What becomes of a published message whose receiver has more unsent output than `highWaterMark`. */
export type Slow = 'queue' | 'skip' | 'close'

/** How messages are compressed. */
export interface DeflateOptions {
  /** Bytes from which a message is compressed. Default 1024. */
  threshold?: number
  /**
   * Both sides keep what they have learnt from message to message: smaller messages, and memory for each connection that
   * docs/guide/websocket.md tells. Default false.
   */
  contextTakeover?: boolean
  /** How hard zlib tries, 1 to 9. Default 1. */
  level?: number
  /** Bits of the window of what is sent, 9 to 15. Default 13. */
  windowBits?: number
  /** Memory that zlib takes for its state, 1 to 9. Default 7. */
  memLevel?: number
}

/** How a connection is treated on its way: as `opened` of the loop's handlers may return it. */
type Passed = Pick<
  Options,
  'highWaterMark' | 'maxPending' | 'writeTimeout' | 'keepAlive' | 'noDelay' | 'reuseInputBuffer'
>

/** Of `websocket`; all optional. Bytes and milliseconds are numbers from 0. */
export interface WebSocketOptions extends Passed {
  /** Bytes of a message, after it was inflated. Longer: close code 1009. Default 1 MiB. */
  maxMessage?: number
  /** Frames of a message. More: close code 1008. Default 16 384. */
  maxFragments?: number
  /** Pings and pongs of a peer within a second. More: close code 1008. Default 1000. */
  maxPings?: number
  /** Milliseconds without a byte from the peer after which it is sent a ping. 0: never. Default 30 000. */
  pingInterval?: number
  /** Milliseconds that the peer has to answer such a ping; then the connection is reset. Default 10 000. */
  pongTimeout?: number
  /** Milliseconds that the peer has to answer a close frame. Default 5000. */
  closeTimeout?: number
  /** What becomes of published messages for peers that read too slowly. Default `'queue'`: up to `maxPending`. */
  slow?: Slow
  /** permessage-deflate, where the peer offers it. Default false. */
  deflate?: boolean | DeflateOptions
  /** Whether a page of this origin may connect; without an Origin header it is undefined. Else the answer is 403. */
  origin?(origin: string | undefined, request: UpgradeRequest): boolean | Promise<boolean>
  /** Chooses one of the subprotocols that the client offers, or none. Without it none is chosen. */
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
  readonly maxPending: number
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
const PASSED = [
  'highWaterMark',
  'maxPending',
  'writeTimeout',
  'keepAlive',
  'noDelay',
  'reuseInputBuffer',
] as const
const OTHERS = ['slow', 'deflate', 'origin', 'subprotocol'] as const
const DEFLATE = { threshold: 1024, contextTakeover: false, level: 1, windowBits: 13, memLevel: 7 }
/** What zlib takes. Raw deflate with a window of 8 bits is not what it says. */
const RANGES = { level: [1, 9], windowBits: [9, 15], memLevel: [1, 9] } as const

/** @throws `ERR_OPTION` that names an option that is unknown or has no fitting value. */
export function settingsOf(options: WebSocketOptions): Settings {
  if (typeof options !== 'object' || options === null) {
    throw new RevioError('ERR_OPTION', `websocket: options must be an object; received ${String(options)}`)
  }
  const known: readonly string[] = [...Object.keys(NUMBERS), ...PASSED, ...OTHERS]
  refuseUnknown(options, known, 'option')
  const numbers = { ...NUMBERS }
  for (const name of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]) {
    numbers[name] = number(name, options[name] ?? NUMBERS[name])
  }
  const { slow = 'queue', origin, subprotocol, highWaterMark = 1 << 20, maxPending = 16 << 20 } = options
  checkSlow(slow)
  for (const [name, hook] of Object.entries({ origin, subprotocol })) {
    if (hook === undefined || typeof hook === 'function') continue
    throw new RevioError('ERR_OPTION', `option ${name}: expected a function; received ${typeof hook}`)
  }
  return {
    ...numbers,
    slow,
    deflate: deflateOf(options.deflate ?? false),
    passed: passedOf(options),
    highWaterMark: number('highWaterMark', highWaterMark),
    maxPending: number('maxPending', maxPending),
    origin,
    subprotocol,
  }
}

/** @throws `ERR_OPTION` unless it is what may become of a message. */
export function checkSlow(slow: unknown): asserts slow is Slow {
  if (slow === 'queue' || slow === 'skip' || slow === 'close') return
  throw new RevioError(
    'ERR_OPTION',
    `option slow: expected 'queue', 'skip' or 'close'; received ${String(slow)}`,
  )
}

/** Only what was given: the others stay as HTTP has them. */
function passedOf(options: WebSocketOptions): Passed {
  const given = PASSED.filter(name => options[name] !== undefined)
  return Object.fromEntries(given.map(name => [name, options[name]]))
}

function deflateOf(deflate: boolean | DeflateOptions): Required<DeflateOptions> | undefined {
  if (deflate === false) return undefined
  if (deflate === true) return DEFLATE
  if (typeof deflate !== 'object' || deflate === null) {
    throw new RevioError(
      'ERR_OPTION',
      `option deflate: expected a boolean or an object; received ${String(deflate)}`,
    )
  }
  refuseUnknown(deflate, Object.keys(DEFLATE), 'option deflate.')
  const all = { ...DEFLATE, ...deflate }
  number('deflate.threshold', all.threshold)
  if (typeof all.contextTakeover !== 'boolean') {
    throw new RevioError('ERR_OPTION', 'option deflate.contextTakeover: expected a boolean')
  }
  for (const name of Object.keys(RANGES) as (keyof typeof RANGES)[]) {
    const [least, most] = RANGES[name]
    if (Number.isInteger(all[name]) && all[name] >= least && all[name] <= most) continue
    throw new RevioError(
      'ERR_OPTION',
      `option deflate.${name}: expected an integer from ${least} to ${most}; received ${String(all[name])}`,
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
    `option ${name}: expected a non-negative number; received ${String(value)}`,
  )
}
