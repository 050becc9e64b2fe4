import { tlsAddress } from '../address.js'
import { addressError } from '../errors.js'
import type { Handlers } from '../events.js'
import { TlsLink } from '../layer/tls-link.js'
import { SystemTransports } from '../transport/choose.js'
import { systemClock } from './clock.js'
import type { Bound, Site } from './endpoint.js'
import { failureWarning } from './failures.js'
import { Loop } from './loop.js'
import type { LoopOptions } from './loop-options.js'

/** A loop over the system's sockets and time, and what it moves bytes with. */
export function systemLoop(
  events: Handlers<unknown>,
  sites: readonly Site[],
  more: Pick<LoopOptions, 'counters' | 'siblings' | 'released'> = {},
): { loop: Loop; transports: SystemTransports } {
  const transports = new SystemTransports()
  const loop = new Loop({
    ...more,
    events,
    eventsOf: sites.map(({ endpoint }) => endpoint.events),
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

/** Binds one address after the other; where one fails the others are released. */
export async function bindAll(sites: readonly Site[], transports: SystemTransports): Promise<Bound[]> {
  const bound: Bound[] = []
  for (const [index, site] of sites.entries()) {
    const { binding, security } = site
    try {
      const transport = transports.for(binding)
      const address = await transport.bind(binding, index, security)
      bound.push({ ...site, transport, address: security === undefined ? address : tlsAddress(address) })
    } catch (error) {
      transports.release()
      throw addressError(binding.text, error)
    }
  }
  return bound
}
