import { tlsAddress } from '../address.js'
import { addressError, RevioError } from '../errors.js'
import type { Handlers } from '../events.js'
import { TlsLink } from '../layer/tls-link.js'
import type { ServerSecurity } from '../transport/security.js'
import { SystemTransports } from '../transport/system-transports.js'
import type { Transport } from '../transport/transport.js'
import { systemClock } from './clock.js'
import type { Bound, Site } from './endpoint.js'
import { failureWarning } from './failures.js'
import { Loop } from './loop.js'
import type { LoopOptions } from './loop-options.js'

/** A loop on system sockets and time, with its transports. */
export function systemLoop(
  events: Handlers<unknown>,
  sites: readonly Site[],
  more: Pick<LoopOptions, 'counters' | 'siblings' | 'draining' | 'released'> = {},
): { loop: Loop; transports: SystemTransports } {
  const transports = new SystemTransports()
  const loop = new Loop({
    ...more,
    events,
    eventsOf: sites.map(({ endpoint }) => endpoint.events),
    proxyRules: sites.map(({ proxyRule }) => proxyRule),
    clock: systemClock,
    warn: error => process.emitWarning(error),
    report: (error, where) => process.emitWarning(failureWarning(error, where)),
    transportFor: binding => transports.for(binding),
    makeTls: (link, options) => new TlsLink(link, options),
    attacher: socket => transports.attacherOf(socket),
  })
  transports.use(loop)
  return { loop, transports }
}

/** Binds the addresses in order; if one fails, releases the others. */
export async function bindAll(sites: readonly Site[], transports: SystemTransports): Promise<Bound[]> {
  const bound: Bound[] = []
  for (const [index, site] of sites.entries()) {
    const { binding } = site
    try {
      const transport = transports.for(binding)
      const address = await transport.bind(binding, index, boundSecurity(site, transport))
      bound.push({ ...site, transport, address: site.security === undefined ? address : tlsAddress(address) })
    } catch (error) {
      transports.release()
      throw addressError(binding.text, error)
    }
  }
  return bound
}

/**
 * The TLS options to pass to the transport: none if a PROXY header comes first.
 *
 * @throws `ERR_UNSUPPORTED` if the transport can't start TLS after a header.
 */
export function boundSecurity(
  { binding, security, proxyRule }: Site,
  transport: Transport,
): ServerSecurity | undefined {
  if (proxyRule === undefined || security === undefined) return security
  if (transport.doesTls === true) return undefined
  const message = `address "${binding.text}": TLS behind a PROXY header requires the native transport`
  throw new RevioError('ERR_UNSUPPORTED', message)
}
