import {
  type DialOptions,
  type Endpoint,
  type Events,
  type Handlers,
  type Server,
  translate,
} from '../../lib/index.js'
import { Monitor } from '../transport/monitor.js'
import type { PeerOptions, Running, World } from '../transport/world.js'
import { type Coder, coders } from './coders.js'
import { LayeredPeer } from './layered-peer.js'

/** A world in which all traffic between loops and peers passes through a layer. */
export class LayeredWorld implements World {
  readonly title: string
  readonly transport: World['transport']
  readonly network: World['network']
  readonly real: boolean
  readonly much: number
  readonly resizes: boolean
  readonly #world: World
  readonly #coder: Coder
  readonly #servers = new Map<Server, Server>()
  readonly #monitors: Monitor[] = []
  readonly #peers: LayeredPeer[] = []

  constructor(world: World, name: keyof typeof coders) {
    this.title = `${world.title} through a ${name} layer`
    this.transport = world.transport
    this.network = world.network
    this.real = world.real
    this.much = world.much
    this.resizes = name === 'deflate' || name === 'stored'
    this.#world = world
    this.#coder = coders[name]
  }

  address(options?: string): string {
    return this.#world.address(options)
  }

  async serve<Context = undefined>(
    events: Events<Context>,
    ...addresses: (string | Endpoint)[]
  ): Promise<Running> {
    const monitor = new Monitor()
    this.#monitors.push(monitor)
    const watched = monitor.watch(events)
    let layered: Server | undefined
    const layer = <Other>(handlers: Handlers<Other>) =>
      translate(handlers as Events<Other>, id => !attached.has(id), this.#coder.layer)
    // A socket that a program attaches already has its layer, if it had one.
    const attached = new Set<number>()
    const program: Events<Context> = {
      ...watched,
      serving(server) {
        layered = server
        const attach = server.attach.bind(server)
        server.attach = socket => {
          const id = attach(socket)
          attached.add(id)
          return id
        }
        const dial = server.dial.bind(server)
        server.dial = <Other>(address: string, options?: DialOptions<Other>) => {
          const own = options?.events
          return dial(address, own === undefined ? options : { ...options, events: layer(own) })
        }
        return watched.serving?.(server)
      },
    }
    const endpoints = addresses.map(endpoint => {
      // Passes on what is not an endpoint.
      if (typeof endpoint === 'string' || endpoint?.events === undefined) return endpoint
      return { ...endpoint, events: layer(endpoint.events) }
    })
    const running = await this.#world.serve(layer(program), ...endpoints)
    if (layered === undefined) throw new Error('serving has not run')
    this.#servers.set(layered, running.server)
    return new LayeredRunning(running, layered)
  }

  connect(server: Server, options?: PeerOptions): LayeredPeer {
    const raw = this.#servers.get(server) ?? server
    const peer = new LayeredPeer(this.#world.connect(raw, options), this.#coder.peer())
    this.#peers.push(peer)
    return peer
  }

  until(what: string, condition: () => boolean): Promise<void> {
    // A peer that received an event has decoded it as well. Later input may never stop.
    let arrived: readonly number[] | undefined
    return this.#world.until(what, () => {
      if (!condition()) return false
      arrived ??= this.#peers.map(peer => peer.arrived)
      return this.#peers.every((peer, index) => peer.decoded(arrived?.[index] ?? 0))
    })
  }

  pass(ms: number): Promise<void> {
    return this.#world.pass(ms)
  }

  async end(): Promise<readonly string[]> {
    const violations = await this.#world.end()
    return [...violations, ...this.#monitors.flatMap(monitor => monitor.violations)]
  }
}

class LayeredRunning implements Running {
  readonly server: Server
  readonly #running: Running

  constructor(running: Running, server: Server) {
    this.#running = running
    this.server = server
  }

  get done(): Promise<void> {
    return this.#running.done
  }

  get ended(): boolean {
    return this.#running.ended
  }
}
