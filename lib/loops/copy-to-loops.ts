import { RevioError } from '../errors.js'
import type { TlsServerOptions } from '../tls.js'

/**
 * A copy of TLS options, as the loops get it.
 *
 * @throws `ERR_OPTION` if they contain what threads cannot pass to each other, such as functions.
 */
export function copyToLoops(tls: TlsServerOptions, address: string): TlsServerOptions {
  try {
    return structuredClone(tls)
  } catch (cause) {
    const message = `address "${address}": option tls: cannot be copied to the loops: ${(cause as Error).message}`
    throw new RevioError('ERR_OPTION', message, { cause })
  }
}
