import type { DeflateOptions } from './options.js'

/** The extension parameters negotiated with one client. */
export interface Agreement {
  readonly threshold: number
  /** The server resets its context after each message. */
  readonly serverForgets: boolean
  /** The client resets its context after each message. */
  readonly clientForgets: boolean
  /** The size of the server's window, as a power of two. */
  readonly serverBits: number
  /** The value of the response's header. */
  readonly header: string
}

interface Offer {
  readonly name: string
  readonly parameters: ReadonlyMap<string, string | true>
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const ITEM = new RegExp(
  `[ \\t]*(${TOKEN})[ \\t]*(?:=[ \\t]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")[ \\t]*)?([;,]|$)`,
  'y',
)

/** Parses Sec-WebSocket-Extensions; returns undefined if it is malformed. */
export function readOffers(header: string): Offer[] | undefined {
  const offers: Offer[] = []
  let parameters: Map<string, string | true> | undefined
  ITEM.lastIndex = 0
  for (;;) {
    const match = ITEM.exec(header)
    if (match === null) return undefined
    const [, name = '', token, quoted, behind] = match
    const value = token ?? quoted?.replace(/\\(.)/g, '$1')
    if (parameters === undefined) {
      if (value !== undefined) return undefined
      parameters = new Map()
      offers.push({ name, parameters })
    } else if (parameters.has(name)) return undefined
    else parameters.set(name, value ?? true)
    if (behind === '') return offers
    if (behind === ',') parameters = undefined
  }
}

/** Returns the agreement for the first acceptable offer of permessage-deflate. */
export function agree(offers: readonly Offer[], options: Required<DeflateOptions>): Agreement | undefined {
  for (const { name, parameters } of offers) {
    if (name !== 'permessage-deflate') continue
    const agreement = take(parameters, options)
    if (agreement !== undefined) return agreement
  }
  return undefined
}

function take(
  parameters: ReadonlyMap<string, string | true>,
  options: Required<DeflateOptions>,
): Agreement | undefined {
  for (const [name, value] of parameters) if (!isValid(name, value)) return undefined
  const wanted = Number(parameters.get('server_max_window_bits') ?? 15)
  const serverBits = Math.min(wanted, options.windowBits)
  // zlib uses nine bits if it is told to use eight, and such a client could not decode that.
  if (serverBits < 9) return undefined
  const serverForgets = !options.contextTakeover || parameters.has('server_no_context_takeover')
  const clientForgets = !options.contextTakeover || parameters.has('client_no_context_takeover')
  const answer = ['permessage-deflate']
  if (serverForgets) answer.push('server_no_context_takeover')
  if (clientForgets) answer.push('client_no_context_takeover')
  if (parameters.has('server_max_window_bits') || serverBits < 15)
    answer.push(`server_max_window_bits=${serverBits}`)
  return { threshold: options.threshold, serverForgets, clientForgets, serverBits, header: answer.join('; ') }
}

/** RFC 7692, section 7.1. */
function isValid(name: string, value: string | true): boolean {
  if (name === 'server_no_context_takeover' || name === 'client_no_context_takeover') return value === true
  const bits = value !== true && /^(?:[89]|1[0-5])$/.test(value)
  if (name === 'server_max_window_bits') return bits
  return name === 'client_max_window_bits' && (value === true || bits)
}
