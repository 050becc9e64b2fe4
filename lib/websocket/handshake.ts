import { createHash } from 'node:crypto'
import { RevioError } from '../errors.js'
import { isPromiseLike } from '../promise-like.js'
import { type Agreement, agree, readOffers } from './extension.js'
import type { Settings } from './options.js'
import type { UpgradeRequest } from './request.js'

/** An HTTP response that accepts or refuses a handshake. */
export interface UpgradeResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** An accepted handshake. */
export interface Accepted {
  readonly response: UpgradeResponse
  readonly agreement: Agreement | undefined
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** 16 bytes in base64: the last character encodes two bits. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * Performs the checks of RFC 6455, section 4.2.1, in order. The program's hooks, which may be asynchronous, run last.
 */
export function handshake(
  request: UpgradeRequest,
  settings: Settings,
): Accepted | UpgradeResponse | Promise<Accepted | UpgradeResponse> {
  const { headers } = request
  const fault = faultOf(request)
  if (fault !== undefined) return fault
  const offered = protocolsOf(headers.get('sec-websocket-protocol'))
  if (offered === undefined) return refusal(400, 'Sec-WebSocket-Protocol is malformed')
  const extensions = headers.get('sec-websocket-extensions')
  const offers = extensions === undefined ? [] : readOffers(extensions)
  if (offers === undefined) return refusal(400, 'Sec-WebSocket-Extensions is malformed')
  const agreement = settings.deflate === undefined ? undefined : agree(offers, settings.deflate)
  const { origin, subprotocol } = settings
  if (origin === undefined && subprotocol === undefined) return accept(request, undefined, agreement)
  return withHooks(request, settings, offered, agreement)
}

function withHooks(
  request: UpgradeRequest,
  { origin, subprotocol }: Settings,
  offered: readonly string[],
  agreement: Agreement | undefined,
): Accepted | UpgradeResponse | Promise<Accepted | UpgradeResponse> {
  const chosen = (chosen: string | undefined) => {
    if (chosen !== undefined && !offered.includes(chosen)) {
      const message = `option subprotocol: chose ${JSON.stringify(chosen)}, which was not offered`
      throw new RevioError('ERR_OPTION', message)
    }
    return accept(request, chosen, agreement)
  }
  const allowed = (allowed: boolean) => {
    if (allowed !== true) return refusal(403, 'this origin may not connect')
    if (subprotocol === undefined || offered.length === 0) return chosen(undefined)
    return after(subprotocol(offered, request), chosen)
  }
  return origin === undefined ? allowed(true) : after(origin(request.headers.get('origin'), request), allowed)
}

/** Continues synchronously if the value is not a promise. */
function after<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return isPromiseLike(value) ? Promise.resolve(value).then(next) : next(value)
}

function faultOf({ method, version, headers }: UpgradeRequest): UpgradeResponse | undefined {
  if (method !== 'GET')
    return { ...refusal(405, 'a WebSocket handshake is a GET'), headers: { allow: 'GET' } }
  if (version !== '1.1') return refusal(400, 'a WebSocket handshake is in HTTP/1.1')
  if (!has(headers.get('upgrade'), 'websocket')) {
    return wrongProtocol('this address speaks WebSocket')
  }
  if (!has(headers.get('connection'), 'upgrade')) return refusal(400, 'Connection does not name Upgrade')
  const wanted = headers.get('sec-websocket-version')
  if (wanted !== '13') {
    if (wanted === undefined) return refusal(400, 'Sec-WebSocket-Version is missing')
    return wrongProtocol('unsupported WebSocket version: expected 13', { 'sec-websocket-version': '13' })
  }
  const key = headers.get('sec-websocket-key')
  if (key === undefined || !KEY.test(key)) {
    return refusal(400, `Sec-WebSocket-Key is ${key === undefined ? 'missing' : 'not 16 bytes in base64'}`)
  }
  return undefined
}

/** Whether a list contains a token, ignoring case. */
function has(list: string | undefined, token: string): boolean {
  return list?.split(',').some(each => each.trim().toLowerCase() === token) ?? false
}

/** The subprotocols that a client offers; undefined if the header is malformed or repeats a name. */
function protocolsOf(header: string | undefined): string[] | undefined {
  if (header === undefined) return []
  const names = header.split(',').map(name => name.trim())
  const sound = names.every(name => TOKEN.test(name)) && new Set(names).size === names.length
  return sound ? names : undefined
}

function accept(
  { headers }: UpgradeRequest,
  subprotocol: string | undefined,
  agreement: Agreement | undefined,
): Accepted {
  const key = `${headers.get('sec-websocket-key')}${GUID}`
  return {
    agreement,
    response: {
      status: 101,
      headers: {
        upgrade: 'websocket',
        connection: 'Upgrade',
        'sec-websocket-accept': createHash('sha1').update(key).digest('base64'),
        ...(subprotocol === undefined ? {} : { 'sec-websocket-protocol': subprotocol }),
        ...(agreement === undefined ? {} : { 'sec-websocket-extensions': agreement.header }),
      },
    },
  }
}

/** Status 426 must name the protocol to upgrade to (RFC 9110, section 15.5.22). */
function wrongProtocol(body: string, headers?: Readonly<Record<string, string>>): UpgradeResponse {
  const { headers: type, ...response } = refusal(426, body)
  return { ...response, headers: { ...type, upgrade: 'websocket', connection: 'Upgrade', ...headers } }
}

function refusal(status: number, body: string): UpgradeResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${body}\n` }
}
