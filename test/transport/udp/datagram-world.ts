import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Address, type Events, type Server, serve } from '../../../lib/index.js'
import { Monitor } from '../monitor.js'
import { nativeMissing } from '../native/missing.js'
import { Loops } from '../running.js'
import type { Running } from '../world.js'
import { DatagramPeer } from './datagram-peer.js'

/** The limit on any wait, in milliseconds; reached only on failure. */
const GUARD = 15_000

const missing = nativeMissing()

/** Loops on datagram sockets, and their peers. */
export class DatagramWorld {
  readonly transport: 'native' | 'net'
  readonly #loops = new Loops()
  readonly #peers: DatagramPeer[] = []

  constructor(transport: 'native' | 'net') {
    this.transport = transport
  }

  serve<Context = undefined>(events: Events<Context>, ...addresses: string[]): Promise<Running> {
    const bound = (addresses.length > 0 ? addresses : ['udp4://127.0.0.1:0']).map(text => this.written(text))
    const monitor = new Monitor()
    return this.#loops.start(monitor.watch(events), monitor, watched => serve(watched, ...bound))
  }

  /** An address in the form for this world's transport. */
  written(address: string): string {
    return this.transport === 'net' ? address.replace(/^(udp[46]?):/, '$1-net:') : address
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

  /** Ends what is still running; returns violations of the order of events. */
  end(): Promise<string[]> {
    for (const peer of this.#peers) peer.close()
    return this.#loops.end()
  }
}

/** A test in its own world, which ends with it: on each transport. */
export function inWorld(name: string, body: (t: Test, world: DatagramWorld) => Promise<void>): void {
  for (const transport of ['native', 'net'] as const) inWorldOf(transport, name, body)
}

/** A test for one transport only. */
export function inWorldOf(
  transport: DatagramWorld['transport'],
  name: string,
  body: (t: Test, world: DatagramWorld) => Promise<void>,
): void {
  const skip = transport === 'native' && (missing ?? false)
  t.test(`${transport}: ${name}`, { skip }, async t => {
    const world = new DatagramWorld(transport)
    try {
      await body(t, world)
    } finally {
      t.strictSame(await world.end(), [], 'events came in order')
    }
  })
}
