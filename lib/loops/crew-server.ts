import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { checkObject } from '../checks.js'
import { asError, RevioError } from '../errors.js'
import type { Posting } from '../events.js'
import type { Address } from '../info.js'
import { Counters } from '../loop/counters.js'
import { type Site, securityOf } from '../loop/endpoint.js'
import { checkPosting } from '../loop/mailbox.js'
import { checkGrace } from '../loop/shutdown.js'
import { show } from '../show.js'
import type { Stats } from '../stats.js'
import type { TlsServerOptions } from '../tls.js'
import { SystemTransports } from '../transport/system-transports.js'
import { tlsOptionsOf } from '../transport/tls-address.js'
import { copyToLoops } from './copy-to-loops.js'
import type { Crew } from './crew.js'
import { moduleUrl } from './load-module.js'
import { addressOf } from './loop-thread.js'
import type { LoopsServer, PlainAddress } from './options.js'

/** All loops, as seen by the thread that started them. */
export class CrewServer implements LoopsServer {
  readonly addresses: readonly Address[]
  readonly transport: LoopsServer['transport']
  readonly transportError: Error | undefined
  readonly #crew: Crew
  readonly #sites: readonly Site[]
  readonly #counters: Counters

  constructor(
    crew: Crew,
    sites: readonly Site[],
    addresses: readonly PlainAddress[],
    counts: SharedArrayBuffer,
  ) {
    this.#crew = crew
    this.#sites = sites
    this.addresses = addresses.map((address, index) =>
      addressOf(address, sites[index] ?? { security: undefined }),
    )
    this.#counters = new Counters(counts)
    const { transport, transportError } = new SystemTransports().plain()
    this.transport = transport
    this.transportError = transportError
  }

  get loops(): number {
    return this.#counters.loops
  }

  get connections(): number {
    return this.stats().connections
  }

  stats(options: { loop?: number } = {}): Stats {
    checkObject(options, 'stats')
    return this.#counters.stats(options.loop)
  }

  post(message: unknown, options: Posting = {}): boolean {
    const { loops } = this
    const { to, transfer } = checkPosting(options, { loops, receivers: loops })
    return this.#crew.post(message, to, transfer)
  }

  port(options: { to?: number } = {}): MessagePort {
    checkObject(options, 'port')
    const { to } = options
    const { loops } = this
    checkPosting(to === undefined ? {} : { to }, { loops, receivers: loops })
    const { port1: here, port2: there } = new MessageChannel()
    here.on('message', message => this.#forward(message, to))
    here.unref()
    return there
  }

  /** Nobody catches what is thrown here: a message that cannot be copied once more must not end the process. */
  #forward(message: unknown, to: number | undefined): void {
    try {
      this.#crew.post(message, to, [])
    } catch (thrown) {
      const cause = asError(thrown)
      const warning = new Error(`port: a message cannot be copied to the loops: ${cause.message}`, { cause })
      process.emitWarning(Object.assign(warning, { name: 'RevioWarning' }))
    }
  }

  async reload(module?: string | URL): Promise<void> {
    await this.#crew.reload(module === undefined ? undefined : moduleUrl(module, 'reload'))
  }

  setSecureContext(addressIndex: number, tls?: TlsServerOptions): void {
    const site = Number.isInteger(addressIndex) ? this.#sites[addressIndex] : undefined
    if (site?.security === undefined) {
      const what = site === undefined ? 'no such address' : `"${site.binding.text}" does not use TLS`
      throw new RevioError('ERR_OPTION', `setSecureContext: addressIndex ${show(addressIndex)}: ${what}`)
    }
    const { binding, endpoint, security } = site
    // Files are read and invalid options reported here, once: the loops might find other files.
    const options = copyToLoops(tlsOptionsOf(binding, endpoint.tls, tls), binding.text)
    securityOf(binding, endpoint.tls, security, options)
    this.#crew.setSecureContext(addressIndex, options)
  }

  shutdown(options: { timeout?: number; grace?: number } = {}): void {
    checkObject(options, 'shutdown')
    const { timeout, grace = 0 } = options
    checkGrace(grace)
    if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 0)) {
      const message = `option timeout: expected a non-negative number of milliseconds; received ${show(timeout)}`
      throw new RevioError('ERR_OPTION', message)
    }
    this.#crew.shutdown(timeout, grace)
  }
}
