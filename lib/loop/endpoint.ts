import { type Binding, parseAddress } from '../address.js'
import { RevioError } from '../errors.js'
import type { Endpoint } from '../events.js'
import type { Address } from '../info.js'
import type { TlsServerOptions } from '../tls.js'
import type { ServerSecurity } from '../transport/security.js'
import { tlsOptionsOf } from '../transport/tls-address.js'
import { serverSecurity } from '../transport/tls-options.js'
import type { Transport } from '../transport/transport.js'
import { checkHandlers } from './handlers.js'
import type { ProxyRule } from './proxied.js'

const KNOWN: readonly string[] = ['address', 'events', 'tls'] satisfies (keyof Endpoint)[]

/**
 * One of `serve`'s addresses, in the form of an object.
 *
 * @throws `ERR_ADDRESS`, `ERR_OPTION` unless it is a string, or an object with an address and handlers.
 */
function asEndpoint(address: string | Endpoint): Endpoint {
  if (typeof address === 'string') return { address }
  if (typeof address !== 'object' || address === null) {
    const message = `serve: expected addresses as strings or objects; received ${String(address)}`
    throw new RevioError('ERR_ADDRESS', message)
  }
  for (const name of Object.keys(address)) {
    if (KNOWN.includes(name)) continue
    throw new RevioError(
      'ERR_OPTION',
      `address "${address.address}": unknown option "${name}"; known options are ${KNOWN.join(', ')}`,
    )
  }
  if (address.events !== undefined)
    checkHandlers(address.events, `address "${address.address}": option events`)
  return address
}

/** One of `serve`'s addresses, read and checked. */
export interface Site {
  readonly endpoint: Endpoint
  readonly binding: Binding
  /** There where the address has TLS. */
  readonly security: ServerSecurity | undefined
  /** There where connections begin with a header of the PROXY protocol; TLS then comes behind that. */
  readonly proxyRule?: ProxyRule
}

/** One of them, once it is bound. */
export interface Bound extends Site {
  readonly address: Address
  readonly transport: Transport
}

/** @throws `ERR_ADDRESS`, `ERR_OPTION`, `ERR_TLS`, naming the address and what is wrong with it. */
export function siteOf(address: string | Endpoint): Site {
  const endpoint = asEndpoint(address)
  const binding = parseAddress(endpoint.address)
  const security = securityOf(binding, endpoint.tls)
  const { proxy: wanted } = binding
  return { endpoint, binding, security, ...(wanted && { proxyRule: { wanted, security } }) }
}

/** TLS as an address and the options beside it have it; files are read anew. `later` goes before both. */
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
