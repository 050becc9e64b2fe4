import { type Binding, parseAddress } from '../address.js'
import { RevioError } from '../errors.js'
import type { Endpoint } from '../events.js'
import type { Address } from '../info.js'
import { show } from '../show.js'
import type { TlsServerOptions } from '../tls.js'
import type { ServerSecurity } from '../transport/security.js'
import { tlsOptionsOf } from '../transport/tls-address.js'
import { serverSecurity } from '../transport/tls-options.js'
import type { Transport } from '../transport/transport.js'
import { checkHandlers } from './handlers.js'
import type { ProxyRule } from './proxied.js'

const KNOWN: readonly string[] = ['address', 'events', 'tls'] satisfies (keyof Endpoint)[]

/**
 * Normalizes one of `serve`'s addresses to an object.
 *
 * @throws `ERR_ADDRESS`, `ERR_OPTION` unless it is a string, or an object with an address and handlers.
 */
function asEndpoint(address: string | Endpoint): Endpoint {
  if (typeof address === 'string') return { address }
  if (typeof address !== 'object' || address === null) {
    const message = `serve: expected addresses as strings or objects; received ${show(address)}`
    throw new RevioError('ERR_ADDRESS', message)
  }
  for (const name of Object.keys(address)) {
    if (KNOWN.includes(name)) continue
    throw new RevioError(
      'ERR_OPTION',
      `address "${show(address.address)}": unknown option "${name}"; known options are ${KNOWN.join(', ')}`,
    )
  }
  if (address.events !== undefined)
    checkHandlers(address.events, `address "${show(address.address)}": option events`)
  return address
}

/** One of `serve`'s addresses, parsed and checked. */
export interface Site {
  readonly endpoint: Endpoint
  readonly binding: Binding
  /** Present for TLS addresses. */
  readonly security: ServerSecurity | undefined
  /** Present if connections begin with a PROXY protocol header; TLS then follows it. */
  readonly proxyRule?: ProxyRule
}

/** A bound address. */
export interface Bound extends Site {
  readonly address: Address
  readonly transport: Transport
}

/**
 * Parses and checks an address. `later` overrides its TLS options.
 *
 * @throws `ERR_ADDRESS`, `ERR_OPTION`, `ERR_TLS`, naming the address and the fault.
 */
export function siteOf(address: string | Endpoint, later?: TlsServerOptions): Site {
  const endpoint = asEndpoint(address)
  const binding = parseAddress(endpoint.address)
  const security = securityOf(binding, endpoint.tls, undefined, later)
  const { proxy: wanted } = binding
  return { endpoint, binding, security, ...(wanted && { proxyRule: { wanted, security } }) }
}

/** The TLS options of an address and its `tls`, with files read again. `later` overrides both. */
export function securityOf(
  binding: Binding,
  tls: TlsServerOptions | undefined,
  before?: ServerSecurity,
  later?: TlsServerOptions,
): ServerSecurity | undefined {
  const where = `address "${binding.text}"`
  const speaksTls = binding.tls !== undefined || (binding.scheme === 'fd' && tls !== undefined)
  if (speaksTls) return serverSecurity(tlsOptionsOf(binding, tls, later), where, before)
  if (tls === undefined) return undefined
  throw new RevioError('ERR_OPTION', `${where}: option tls: only for the schemes tls, tls4, tls6 and fd`)
}
