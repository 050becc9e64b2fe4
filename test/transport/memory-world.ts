import type { Endpoint, Events, Server } from '../../lib/index.js'
import { type Simulation, simulate } from '../../lib/testing.js'
import { Monitor } from './monitor.js'
import { Loops } from './running.js'
import type { Peer, PeerOptions, Running, World } from './world.js'

/** The limit on any wait, in the simulation's milliseconds. */
const GUARD = 120_000

/** Loops without sockets. Waiting advances the simulation's time. */
export class MemoryWorld implements World {
  readonly real = false
  /** Its buffers hold 128 KiB. */
  readonly much = 2 * 1024 * 1024
  readonly transport = 'memory'
  readonly title: string
  readonly network: World['network']
  readonly #seed: number | undefined
  readonly #loops = new Loops()
  readonly #simulations = new Map<Server, Simulation>()
  #paths = 0

  constructor(network: World['network'], seed?: number) {
    this.title = `memory over ${network}${seed === undefined ? '' : `, seed ${seed}`}`
    this.network = network
    this.#seed = seed
  }

  address(options = ''): string {
    const query = options === '' ? '' : `?${options}`
    this.#paths += 1
    if (this.network === 'unix') return `unix:///simulated/${this.#paths}${query}`
    return `${this.network}://${this.network === 'tcp4' ? '127.0.0.1' : '[::1]'}:0${query}`
  }

  async serve<Context = undefined>(
    events: Events<Context>,
    ...addresses: (string | Endpoint)[]
  ): Promise<Running> {
    const bound = addresses.length > 0 ? addresses : [this.address()]
    const seed = this.#seed === undefined ? {} : { seed: this.#seed }
    const monitor = new Monitor()
    return this.#loops.start(monitor.watch(events), monitor, watched => {
      const simulation = simulate(watched, { ...seed, addresses: bound, failures: 'collect' })
      this.#simulations.set(simulation.server, simulation)
      return simulation.done
    })
  }

  connect(server: Server, { careful: _, ...options }: PeerOptions = {}): Peer {
    const simulation = this.#simulations.get(server)
    if (simulation === undefined) throw new Error('this server is not of this world')
    return simulation.connect(options)
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    for (let waited = 0; waited < GUARD; waited += 1) {
      await this.#calm()
      if (condition()) return
      for (const simulation of this.#simulations.values()) simulation.advance(1)
      if (condition()) return
    }
    throw new Error(`waited in vain for: ${what}`)
  }

  async pass(ms: number): Promise<void> {
    await this.#calm()
    for (const simulation of this.#simulations.values()) simulation.advance(ms)
    await this.#calm()
  }

  async end(): Promise<readonly string[]> {
    for (const simulation of this.#simulations.values()) {
      if (simulation.ended) continue
      simulation.server.shutdown({ timeout: 0 })
      while (!simulation.ended) {
        simulation.advance(1000)
        await this.#calm()
      }
    }
    return this.#loops.end()
  }

  /** First runs the program's own promises and immediates. */
  async #calm(): Promise<void> {
    for (let times = 0; times < 3; times += 1) await new Promise(resolve => setImmediate(resolve))
  }
}
