import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, type Endpoint, type Events, type Server, serve } from '../../lib/index.js'
import { Monitor } from './monitor.js'
import { Loops } from './running.js'
import { SocketPeer } from './socket-peer.js'
import { until } from './until.js'
import type { PeerOptions, Running, World } from './world.js'

/** Loops on real sockets. */
export class SocketWorld implements World {
  readonly real = true
  readonly title: string
  readonly transport: 'native' | 'net'
  readonly network: World['network']
  readonly much: number
  readonly #loops = new Loops()
  readonly #peers: SocketPeer[] = []
  readonly #folders: string[] = []

  constructor(transport: 'native' | 'net', network: World['network']) {
    this.title = `${transport} over ${network}`
    this.transport = transport
    this.network = network
    // Linux lets buffers of TCP grow by themselves, to some MiB; one of a Unix socket holds 208 KiB.
    this.much = (network === 'unix' ? 2 : 8) * 1024 * 1024
  }

  address(options = ''): string {
    const scheme = this.transport === 'net' ? `${this.network}-net` : this.network
    const query = options === '' ? '' : `?${options}`
    if (this.network !== 'unix') {
      return `${scheme}://${this.network === 'tcp4' ? '127.0.0.1' : '[::1]'}:0${query}`
    }
    const folder = mkdtempSync(join(tmpdir(), 'revio-'))
    this.#folders.push(folder)
    return `${scheme}://${join(folder, 'socket')}${query}`
  }

  serve<Context = undefined>(events: Events<Context>, ...addresses: (string | Endpoint)[]): Promise<Running> {
    const bound = addresses.length > 0 ? addresses : [this.address()]
    const monitor = new Monitor()
    return this.#loops.start(monitor.watch(events), monitor, watched => serve(watched, ...bound))
  }

  connect(server: Server, { addressIndex = 0, ...options }: PeerOptions = {}): SocketPeer {
    const address = server.addresses[addressIndex]
    if (address === undefined) throw new Error(`there is no address ${addressIndex}`)
    const peer = this.peer(address, options)
    this.#peers.push(peer)
    return peer
  }

  protected peer(address: Address, options: PeerOptions): SocketPeer {
    return new SocketPeer(address, options)
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return until(what, condition)
  }

  async pass(ms: number): Promise<void> {
    await sleep(ms)
  }

  async end(): Promise<readonly string[]> {
    this.#closePeers()
    const violations = await this.#loops.end()
    // Handlers that ran at the end may have connected more.
    this.#closePeers()
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true })
    return violations
  }

  #closePeers(): void {
    for (const peer of this.#peers.splice(0)) peer.close()
  }
}
