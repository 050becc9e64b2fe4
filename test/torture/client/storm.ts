import { setTimeout as sleep } from 'node:timers/promises'
import type { Door } from '../wire.js'
import type { Conversations } from './conversations.js'
import type { WaitCounter } from './waits.js'

/** Milliseconds that each connection stays after its reply. */
const HOLD = 300

/**
 * More simultaneous connections than the server has descriptors. Each stays for a while after its reply. Measures how
 * long a free place stays unused while others wait for it.
 */
export class Storm {
  readonly #conversations: Conversations
  readonly #room: WaitCounter | undefined
  #waiting = 0
  #emptySince: number | undefined

  constructor(conversations: Conversations, room: WaitCounter | undefined) {
    this.#conversations = conversations
    this.#room = room
  }

  async rage(connections: number): Promise<void> {
    await Promise.all(Array.from({ length: connections }, () => this.#one()))
    this.#emptySince = undefined
  }

  async #one(): Promise<void> {
    const { random } = this.#conversations
    const opening = {
      behaviour: 'storm',
      door: random.pick<Door>(['tcp', 'unix']),
      mode: 'plain',
      amount: 0,
    } as const
    this.#waiting++
    await this.#conversations.hold(opening, async (peer, own) => {
      peer.whole = true
      peer.introduce()
      peer.send(own.between(1, 4096))
      await peer.echoed()
      this.#waiting--
      if (!peer.isOver) this.#served()
      await sleep(HOLD)
      peer.finish()
    })
    if (this.#waiting > 0) this.#emptySince ??= performance.now()
  }

  /** Another one is in, in a place that became free, if any. */
  #served(): void {
    if (this.#emptySince !== undefined) this.#room?.answered(this.#emptySince)
    this.#emptySince = undefined
  }
}
