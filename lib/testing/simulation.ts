import { parseAddress, tlsAddress } from '../address.js'
import { checkObject } from '../checks.js'
import { RevioError } from '../errors.js'
import type { Handlers, Server } from '../events.js'
import type { Address } from '../info.js'
import { type Site, siteOf } from '../loop/endpoint.js'
import { checkHandlers } from '../loop/handlers.js'
import { Loop } from '../loop/loop.js'
import { LoopServer } from '../loop/server.js'
import { show } from '../show.js'
import { MemoryTransport, UNATTACHABLE } from './memory/transport.js'
import { type Arrival, MemoryNetwork } from './network/network.js'
import { Prng } from './network/prng.js'
import { Schedule } from './network/schedule.js'
import { MemorySocket } from './network/socket.js'
import { type Peer, type PeerOptions, SimulatedPeer } from './peer.js'
import { SimulatedServer } from './server.js'
import { SimulatedTlsLink } from './tls/link.js'
import type { ConnectOptions, SimulatedFailure, Simulation, SimulationOptions } from './types.js'

const BUFFER = 64 * 1024

/**
 * A loop on the memory transport, and the world around it. `serving` has run once it is constructed; the first `tick`
 * runs at the first use, so that it can use the simulation too.
 */
export class LoopSimulation implements Simulation {
  readonly done: Promise<void>
  readonly #warnings: Error[] = []
  readonly #loop: Loop
  readonly #server: SimulatedServer
  readonly #schedule: Schedule
  readonly #network: MemoryNetwork
  readonly #transport: MemoryTransport
  readonly #replies = new Set<unknown>()
  readonly #failures: SimulatedFailure[] = []
  readonly #collects: boolean
  #begun = false
  /** Number of failures already thrown. */
  #thrown = 0

  constructor(events: Handlers<unknown>, options: SimulationOptions) {
    checkHandlers(events, 'simulate')
    checkOptions(options)
    this.#collects = options.failures === 'collect'
    const { seed, addresses = ['tcp4://127.0.0.1:0'], latency = 0, stepwise = false } = options
    const { sendBuffer = BUFFER, receiveBuffer = BUFFER } = options
    const sites = addresses.map(address => siteOf(address))
    this.#schedule = new Schedule(new Prng(seed), stepwise, () => this.#throw())
    this.#network = new MemoryNetwork(this.#schedule, { sendBuffer, receiveBuffer, latency })
    this.#loop = new Loop({
      events,
      eventsOf: sites.map(({ endpoint }) => endpoint.events),
      proxyRules: sites.map(({ proxyRule }) => proxyRule),
      clock: this.#schedule,
      warn: error => this.#warnings.push(error),
      report: (error, where) => this.#failures.push({ error, ...where }),
      between: run => this.#schedule.aside(run),
      promised: reply => this.#expect(reply),
      transportFor: () => this.#transport,
      makeTls: (link, options) => new SimulatedTlsLink(link, options),
      attacher: socket => {
        if (socket instanceof MemorySocket) return this.#transport
        throw new RevioError('ERR_UNSUPPORTED', UNATTACHABLE)
      },
    })
    this.#transport = new MemoryTransport(this.#network, this.#loop)
    this.#loop.add(this.#transport)
    const bound = sites.map((site, index) => ({
      ...site,
      transport: this.#transport,
      address: this.#listen(site, index),
    }))
    const chosen = { transport: 'memory', transportError: undefined } as const
    this.#server = new SimulatedServer(new LoopServer(this.#loop, bound, chosen), () =>
      this.#schedule.follow(),
    )
    this.done = this.#loop.done
    this.#schedule.during(() => this.#loop.meet(this.#server))
    queueMicrotask(() => this.#begin())
  }

  get server(): Server {
    this.#begin()
    return this.#server
  }

  get warnings(): readonly Error[] {
    this.#begin()
    return this.#warnings
  }

  get failures(): readonly SimulatedFailure[] {
    this.#begin()
    return this.#failures
  }

  get now(): number {
    return this.#schedule.now()
  }

  get ended(): boolean {
    this.#begin()
    return this.#transport.closed
  }

  get left(): { connections: number; timers: number; steps: number } {
    this.#begin()
    return { connections: this.#transport.links, timers: this.#schedule.timers, steps: this.#schedule.steps }
  }

  connect(given: ConnectOptions = {}): Peer {
    checkObject(given, 'connect')
    const { addressIndex = 0, ...options } = given
    this.#begin()
    const address = Number.isInteger(addressIndex) ? this.#server.addresses[addressIndex] : undefined
    if (address === undefined)
      throw new RevioError('ERR_OPTION', `addressIndex: no such address: ${show(addressIndex)}`)
    // A peer of a TLS address that nobody listens on is refused while it is made.
    let refusal: Error | undefined
    let refuse = (error: Error): void => {
      refusal = error
    }
    const peer = this.#peer(
      this.#network.connect(address, error => refuse(error)),
      { ...options, accepted: false, secure: address.toString().startsWith('tls') },
    )
    refuse = error => peer.refused(error)
    if (refusal !== undefined) peer.refused(refusal)
    this.#schedule.follow()
    return peer
  }

  listen(address: string, accept: (peer: Peer) => void, options: PeerOptions = {}): void {
    checkObject(options, 'listen')
    const binding = parseAddress(address)
    const secure = binding.tls !== undefined
    this.#network.listen(binding, arrival =>
      accept(this.#peer(arrival, { ...options, accepted: true, secure })),
    )
  }

  #listen({ binding, security }: Site, index: number): Address {
    const address = this.#transport.listen(binding, index, security)
    return security === undefined ? address : tlsAddress(address)
  }

  advance(ms: number): void {
    this.#begin()
    this.#schedule.advance(checkSpan(ms, 'advance'))
  }

  stall(ms: number): void {
    this.#begin()
    this.#schedule.stall(checkSpan(ms, 'stall'))
    this.#schedule.follow()
  }

  async settle(): Promise<void> {
    this.#begin()
    do {
      this.#schedule.run()
      await Promise.allSettled(this.#replies)
      await new Promise(resolve => setImmediate(resolve))
    } while (this.#schedule.steps > 0 || this.#replies.size > 0)
    this.#throw()
  }

  run(): void {
    this.#begin()
    this.#schedule.run()
  }

  step(): boolean {
    this.#begin()
    return this.#schedule.step()
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#schedule.during(() => this.#loop.run())
    this.#schedule.follow()
  }

  #peer(arrival: Arrival, options: PeerOptions & { accepted: boolean; secure: boolean }): SimulatedPeer {
    return new SimulatedPeer(arrival, this.#schedule, options, () => {
      const receiver = this.#transport.receiver(arrival.wire.other)
      return receiver?.id ?? 0
    })
  }

  /** Throws the first exception of a handler that has not been reported. */
  #throw(): void {
    const failure = this.#failures[this.#thrown]
    this.#thrown = this.#failures.length
    if (failure !== undefined && !this.#collects) throw failure.error
  }

  #expect(reply: PromiseLike<unknown>): void {
    this.#replies.add(reply)
    const settled = () => this.#replies.delete(reply)
    reply.then(settled, settled)
  }
}

function checkOptions(options: SimulationOptions): void {
  checkObject(options, 'simulate')
  const { seed, sendBuffer = BUFFER, receiveBuffer = BUFFER, latency = 0, failures = 'throw' } = options
  if (failures !== 'throw' && failures !== 'collect') wrong('failures', '"throw" or "collect"', failures)
  if (seed !== undefined && !Number.isSafeInteger(seed)) wrong('seed', 'an integer', seed)
  if (!(Number.isSafeInteger(sendBuffer) && sendBuffer > 0))
    wrong('sendBuffer', 'a positive integer', sendBuffer)
  if (!(Number.isSafeInteger(receiveBuffer) && receiveBuffer > 0)) {
    wrong('receiveBuffer', 'a positive integer', receiveBuffer)
  }
  if (!(typeof latency === 'number' && latency >= 0))
    wrong('latency', 'a non-negative number of milliseconds', latency)
}

function wrong(name: string, expected: string, given: unknown): never {
  throw new RevioError('ERR_OPTION', `option ${name}: expected ${expected}; received ${show(given)}`)
}

function checkSpan(ms: number, call: string): number {
  if (typeof ms === 'number' && ms >= 0 && ms < Number.POSITIVE_INFINITY) return ms
  throw new RevioError(
    'ERR_OPTION',
    `${call}: expected a finite, non-negative number of milliseconds; received ${show(ms)}`,
  )
}
