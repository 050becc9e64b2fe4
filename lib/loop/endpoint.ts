import { RevioError } from '../errors.js'
import type { Endpoint } from '../events.js'
import { checkHandlers } from './handlers.js'

/**
 * One of `serve`'s addresses, in the form of an object.
 *
 * @throws `ERR_ADDRESS`, `ERR_OPTION` unless it is a string, or an object with an address and handlers.
 */
export function asEndpoint(address: string | Endpoint): Endpoint {
  if (typeof address === 'string') return { address }
  if (typeof address !== 'object' || address === null) {
    const message = `serve: expected addresses as strings or objects; received ${String(address)}`
    throw new RevioError('ERR_ADDRESS', message)
  }
  for (const name of Object.keys(address)) {
    if (name === 'address' || name === 'events') continue
    throw new RevioError(
      'ERR_OPTION',
      `address "${address.address}": unknown option "${name}"; known are address, events`,
    )
  }
  if (address.events !== undefined)
    checkHandlers(address.events, `address "${address.address}": option events`)
  return address
}
