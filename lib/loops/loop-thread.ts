import type { MessagePort } from 'node:worker_threads'
import { inetAddress, tlsAddress, unixAddress } from '../address.js'
import { addressError } from '../errors.js'
import type { Handlers } from '../events.js'
import type { Address } from '../info.js'
import { Counters } from '../loop/counters.js'
import { type Bound, type Site, siteOf } from '../loop/endpoint.js'
import type { Loop } from '../loop/loop.js'
import { LoopServer } from '../loop/server.js'
import { boundSecurity, systemLoop } from '../loop/system-loop.js'
import type { SystemTransports } from '../transport/system-transports.js'
import { loadHandlers } from './load-module.js'
import type { LoopStart, PlainAddress } from './options.js'
import { faultOf, type Order, type Report, type Start } from './protocol.js'
import { SiblingPorts } from './sibling-ports.js'

/** One of several loops: it carries out orders of the thread that started it, and reports the results. */
export class LoopThread {
  readonly #start: Start
  readonly #parent: MessagePort
  readonly #siblings: SiblingPorts
  readonly #loop: Loop
  readonly #transports: SystemTransports
  readonly #sites: readonly Site[]
  readonly #changes: (Order & { kind: 'secure' })[] = []
  #server: LoopServer | undefined
  #loaded: Handlers<unknown> | undefined

  private constructor(start: Start, parent: MessagePort, events: Handlers<unknown>) {
    this.#start = start
    this.#parent = parent
    const counters = new Counters(start.counts, start.index)
    const siblings = new SiblingPorts(start.index, counters.loops)
    this.#siblings = siblings
    this.#sites = start.endpoints.map(({ secured, ...endpoint }) => siteOf(endpoint, secured))
    const draining = (timeout: number, grace: number) => this.#report({ kind: 'ending', timeout, grace })
    const released = (timeout: number) => draining(timeout, 0)
    const { loop, transports } = systemLoop(events, this.#sites, { counters, siblings, draining, released })
    this.#loop = loop
    this.#transports = transports
  }

  /** Loads the module, then waits for orders. */
  static async begin(start: Start, parent: MessagePort): Promise<void> {
    const early: Order[] = []
    const wait = (order: Order) => early.push(order)
    parent.on('message', (order: Order) => {
      if (order.kind === 'ping') parent.postMessage({ kind: 'alive' } satisfies Report)
    })
    parent.on('message', wait)
    try {
      const thread = new LoopThread(start, parent, await loadHandlers(start.module, startOf(start)))
      parent.off('message', wait)
      const obey = (order: Order) => void thread.#obey(order).catch(thrown => thread.#unfit(thrown))
      parent.on('message', obey)
      early.forEach(obey)
    } catch (thrown) {
      parent.postMessage({ kind: 'unfit', fault: faultOf(thrown) } satisfies Report)
    }
  }

  async #obey(order: Order): Promise<void> {
    if (order.kind === 'meet') this.#siblings.meet(order.index, order.port, this.#deliver)
    else if (order.kind === 'message') this.#deliver(order.message, -1)
    else if (order.kind === 'bind') await this.#bind(order.known)
    else if (order.kind === 'run') this.#run(order.addresses)
    else if (order.kind === 'load') await this.#load(order)
    else if (order.kind === 'secure') this.#secure(order)
    else if (order.kind === 'swap') await this.#swap(order.taken)
    else if (order.kind === 'stop') this.#stop(order)
  }

  /** Until the loop runs, the change waits: it must be made before the first handshake. */
  #secure(order: Order & { kind: 'secure' }): void {
    if (this.#server === undefined) this.#changes.push(order)
    else this.#server.setSecureContext(order.addressIndex, order.tls)
  }

  #stop({ timeout, grace }: Order & { kind: 'stop' }): void {
    if (grace > 0) this.#loop.drain(timeout, grace)
    else this.#loop.end(timeout)
  }

  readonly #deliver = (message: unknown, from: number) => this.#loop.mailbox.deliver(message, from)

  async #bind(known: readonly (PlainAddress | undefined)[]): Promise<void> {
    const addresses: (PlainAddress | undefined)[] = []
    for (const [index, site] of this.#sites.entries()) {
      const own = this.#start.own[index] === true
      addresses.push(own ? plain(await this.#bindOwn(site, index, known[index]?.port)) : undefined)
      if (own) continue
      const native = this.#transports.native()
      native?.expectAccepted(site.binding, index, boundSecurity(site, native))
    }
    this.#report({ kind: 'bound', addresses })
  }

  /** Several loops bind this port, which the first one chose. */
  async #bindOwn(site: Site, index: number, port = site.binding.port): Promise<Address> {
    const { binding } = site
    const shared = { ...binding, port, reuseport: true }
    try {
      const transport = this.#transports.for(shared)
      return await transport.bind(shared, index, boundSecurity(site, transport))
    } catch (error) {
      throw addressError(binding.text, error)
    }
  }

  #run(addresses: readonly PlainAddress[]): void {
    const loop = this.#loop
    const server = new LoopServer(loop, this.#bound(addresses), this.#transports.plain())
    this.#server = server
    for (const change of this.#changes.splice(0)) this.#secure(change)
    loop.meet(server)
    loop.run()
    loop.done.then(
      () => this.#ended(undefined),
      thrown => this.#ended(thrown),
    )
    const { group, index } = this.#start
    if (loop.shutdown.asked) return
    if (group !== undefined) this.#join(group, index)
    this.#report({ kind: 'running' })
  }

  /** The group is gone when another loop has ended all of them: the order to stop is on its way here, too. */
  #join(group: number, index: number): void {
    try {
      this.#transports.native()?.join(group, index)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error
    }
  }

  #bound(addresses: readonly PlainAddress[]): Bound[] {
    return addresses.flatMap((address, index) => {
      const site = this.#sites[index]
      if (site === undefined) return []
      return [{ ...site, address: addressOf(address, site), transport: this.#transports.for(site.binding) }]
    })
  }

  async #load({ module, version }: Order & { kind: 'load' }): Promise<void> {
    try {
      this.#loaded = await loadHandlers(module, startOf(this.#start), version)
      this.#report({ kind: 'loaded', fault: undefined })
    } catch (thrown) {
      this.#report({ kind: 'loaded', fault: faultOf(thrown) })
    }
  }

  async #swap(taken: boolean): Promise<void> {
    const events = this.#loaded
    this.#loaded = undefined
    if (!taken || events === undefined) return
    try {
      await this.#loop.reload(events)
      this.#report({ kind: 'swapped', fault: undefined })
    } catch (thrown) {
      this.#report({ kind: 'swapped', fault: faultOf(thrown) })
    }
  }

  /** Nothing of ours keeps the thread alive any more. */
  #ended(thrown: unknown): void {
    this.#report({ kind: 'ended', fault: thrown === undefined ? undefined : faultOf(thrown) })
    this.#siblings.close()
    this.#parent.close()
  }

  #unfit(thrown: unknown): void {
    this.#transports.release()
    this.#report({ kind: 'unfit', fault: faultOf(thrown) })
  }

  #report(report: Report): void {
    this.#parent.postMessage(report)
  }
}

function startOf({ index, counts, workerData }: Start): LoopStart {
  return { index, loops: new Counters(counts).loops, workerData }
}

export function plain({ network, host, port, path }: Address): PlainAddress {
  return { network, host, port, path }
}

/** The bound address in its public form. */
export function addressOf(
  { network, host, port, path }: PlainAddress,
  { security }: Pick<Site, 'security'>,
): Address {
  if (network === 'unix') return unixAddress(path)
  const address = inetAddress(network.startsWith('udp') ? 'udp' : 'tcp', host, port)
  return security === undefined ? address : tlsAddress(address)
}
