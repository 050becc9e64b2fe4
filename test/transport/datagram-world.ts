import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Address, type Events, type Server, serve } from '../../lib/index.js'
import { DatagramPeer } from './datagram-peer.js'
import { Monitor } from './monitor.js'
import { Loops } from './running.js'
import type { Running } from './world.js'

/** How long anything may take, in milliseconds; only a failure takes so long. */
const GUARD = 15_000

/** Loops on sockets for datagrams, and their peers. */
export class DatagramWorld {
  readonly #loops = new Loops()
  readonly #peers: DatagramPeer[] = []

  serve<Context = undefined>(events: Events<Context>, ...addresses: string[]): Promise<Running> {
    const bound = addresses.length > 0 ? addresses : ['udp4://127.0.0.1:0']
    const monitor = new Monitor()
    return this.#loops.start(monitor.watch(events), monitor, watched => serve(watched, ...bound))
  }

  /** A peer for the server's first address. */
  peer({ addresses }: Server, own?: number): Promise<DatagramPeer> {
    return this.peerOf(addresses[0] as Address, own)
  }

  async peerOf(address: Pick<Address, 'host' | 'port'>, own?: number): Promise<DatagramPeer> {
    const peer = await DatagramPeer.open(address, own)
    this.#peers.push(peer)
    return peer
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const deadline = performance.now() + GUARD
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`)
      await sleep(1)
    }
  }

  /** Ends what still runs; answers what went against the order of events. */
  end(): Promise<string[]> {
    for (const peer of this.#peers) peer.close()
    return this.#loops.end()
  }
}

/** A test in a world of its own, which ends with it. */
export function inWorld(name: string, body: (t: Test, world: DatagramWorld) => Promise<void>): void {
  t.test(name, async t => {
    const world = new DatagramWorld()
    try {
      await body(t, world)
    } finally {
      t.strictSame(await world.end(), [], 'events came in order')
    }
  })
}
