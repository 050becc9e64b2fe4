import type { Clock } from '../loop/clock.js'

/** A TLS handshake in progress. */
export interface TimedHandshake {
  /** The handshake has timed out. Called outside a turn. */
  expired(): void
}

/** The TLS handshakes of one binding, oldest first, with one timer for all of them. */
export class Handshakes {
  readonly #clock: Clock
  readonly #timeout: number
  /** The deadline of each handshake. All have the same timeout, so the first entry expires first. */
  readonly #pending = new Map<TimedHandshake, number>()
  #cancel: (() => void) | undefined

  constructor(clock: Clock, timeout: number) {
    this.#clock = clock
    this.#timeout = timeout
  }

  /** The number of handshakes in progress. */
  get size(): number {
    return this.#pending.size
  }

  add(handshake: TimedHandshake): void {
    this.#pending.set(handshake, this.#clock.now() + this.#timeout)
    if (this.#cancel === undefined) this.#arm(this.#timeout)
  }

  /** Removes a handshake that has succeeded or failed. */
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

/** The TLS handshakes in progress, whatever their timeouts. Those with the same timeout share a timer. */
export class HandshakesByTimeout {
  readonly #clock: Clock
  readonly #groups = new Map<number, Handshakes>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(handshake: TimedHandshake, timeout: number): void {
    let group = this.#groups.get(timeout)
    if (group === undefined) {
      group = new Handshakes(this.#clock, timeout)
      this.#groups.set(timeout, group)
    }
    group.add(handshake)
  }

  /** Removes a handshake that has succeeded or failed. */
  delete(handshake: TimedHandshake, timeout: number): void {
    const group = this.#groups.get(timeout)
    group?.delete(handshake)
    if (group?.size === 0) this.#groups.delete(timeout)
  }
}
