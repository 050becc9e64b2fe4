import { setTimeout as sleep } from 'node:timers/promises'
import type { Door } from '../wire.js'
import type { Conversations } from './conversations.js'
import type { WaitCounter } from './waits.js'

/** Milliseconds for which each connection is kept after its answer. */
const HOLD = 300

/**
 * Connections that are all made at once, more of them than the server has descriptors for. Each stays for a while
 * after its answer. How long a place that one has left stays empty, while others wait for it, is measured.
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

  /** One more is in, in a place that another had left, if there was one. */
  #served(): void {
    if (this.#emptySince !== undefined) this.#room?.answered(this.#emptySince)
    this.#emptySince = undefined
  }
}
