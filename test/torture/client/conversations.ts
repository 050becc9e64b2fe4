import { Random } from '../../simulate/random.js'
import type { ClientRow, ClientTask } from '../messages.js'
import { type Door, keyOf, type Mode } from '../wire.js'
import { Lateness } from './lateness.js'
import { Peer } from './peer.js'

/** Milliseconds without a byte in either direction after which a conversation counts as hung. */
const PATIENCE = 20_000
const TICK = 1000

export interface Opening {
  readonly behaviour: string
  readonly door: Door
  readonly mode: Mode
  readonly amount: number
  /** Does not identify itself, and has no row on the server's side. */
  readonly nameless?: boolean
  readonly localAddress?: string
}

export interface ConversationsOptions {
  readonly task: ClientTask
  readonly violated: (text: string) => void
  readonly gone: (row: ClientRow) => void
}

/** The connections of this process: assigns keys and random numbers, and makes sure that each ends. */
export class Conversations {
  /** Started so far. */
  count = 0
  readonly random: Random
  readonly #options: ConversationsOptions
  readonly #open = new Set<Peer>()
  readonly #lateness = new Lateness()

  constructor(options: ConversationsOptions) {
    this.#options = options
    this.random = new Random(options.task.seed ^ (options.task.client << 16))
    setInterval(() => this.#watch(), TICK).unref()
  }

  /** Connects, has the conversation, and reports it. */
  async hold(opening: Opening, act: (peer: Peer, random: Random) => Promise<void>): Promise<void> {
    const { task, violated, gone } = this.#options
    const { behaviour, door, mode, amount, nameless = false } = opening
    const key = nameless ? 0 : keyOf(task.client, ++this.count)
    const place = this.random.pick(task.places.filter(place => place.door === door))
    const { localAddress } = opening
    const peer = new Peer({
      place,
      header: { key, mode, amount },
      behaviour,
      violated,
      ...(localAddress === undefined ? {} : { localAddress }),
    })
    this.#open.add(peer)
    const late = this.#lateness.sum
    await act(peer, new Random(task.seed + key))
    await peer.over()
    this.#open.delete(peer)
    gone(peer.row(this.#lateness.sum - late))
  }

  #watch(): void {
    const now = performance.now()
    for (const peer of this.#open) {
      const silence = now - peer.touched
      if (silence < PATIENCE) continue
      this.#open.delete(peer)
      peer.violated(`hangs: not a byte in ${Math.round(silence / 1000)} s`)
      peer.reset()
    }
  }
}
