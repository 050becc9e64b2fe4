import type { Clock } from '../loop/clock.js'

/** A handshake of TLS that is under way. */
export interface TimedHandshake {
  /** It has taken too long. Called outside of any turn. */
  expired(): void
}

/** The handshakes of one binding, in the order in which they began, with one timer for all of them. */
export class Handshakes {
  readonly #clock: Clock
  readonly #timeout: number
  /** By when each is to be done. All are given the same time, so that the first is the next. */
  readonly #pending = new Map<TimedHandshake, number>()
  #cancel: (() => void) | undefined

  constructor(clock: Clock, timeout: number) {
    this.#clock = clock
    this.#timeout = timeout
  }

  /** How many are under way. */
  get size(): number {
    return this.#pending.size
  }

  add(handshake: TimedHandshake): void {
    this.#pending.set(handshake, this.#clock.now() + this.#timeout)
    if (this.#cancel === undefined) this.#arm(this.#timeout)
  }

  /** It is done, or given up. */
  delete(handshake: TimedHandshake): void {
    this.#pending.delete(handshake)
    if (this.#pending.size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
  }

  #arm(wait: number): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (wait === Number.POSITIVE_INFINITY) return
    this.#cancel = this.#clock.timer(Math.max(1, Math.ceil(wait)), () => this.#expire())
  }

  #expire(): void {
    this.#cancel = undefined
    const now = this.#clock.now()
    for (const [handshake, due] of this.#pending) {
      if (due > now) return this.#arm(due - now)
      this.#pending.delete(handshake)
      handshake.expired()
    }
  }
}
