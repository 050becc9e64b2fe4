import type { Server } from '../events.js'
import type { Limits } from './limits.js'

/**
 * What a peer has time for. The loop's deadline is set when a nearer one is needed, and moved on when it fires: that a
 * connection is busy costs nothing.
 */
export class Times {
  readonly #id: number
  readonly #server: Server
  readonly #limits: Limits
  /** When the peer has been too slow, and when the loop tells of it. */
  #due = Number.POSITIVE_INFINITY
  #armed = Number.POSITIVE_INFINITY
  /** When the head that is coming must be there. */
  #headDue: number | undefined
  now: number

  constructor(id: number, server: Server, limits: Limits) {
    this.#id = id
    this.#server = server
    this.#limits = limits
    this.now = server.now
    this.#set(this.now + limits.headTimeout)
  }

  pass(): void {
    this.now = this.#server.now
  }

  /** The program is at work, which may take any time. */
  busy(): void {
    this.#headDue = undefined
    this.#due = Number.POSITIVE_INFINITY
  }

  head(): void {
    this.#headDue ??= this.now + this.#limits.headTimeout
    this.#set(this.#headDue)
  }

  body(): void {
    this.#headDue = undefined
    this.#set(this.now + this.#limits.bodyTimeout)
  }

  /** Between two requests. */
  idle(): void {
    this.#headDue = undefined
    this.#set(this.now + this.#limits.idleTimeout)
  }

  /** The loop's deadline has passed: whether the peer's time has, too. */
  expired(): boolean {
    this.pass()
    this.#armed = Number.POSITIVE_INFINITY
    if (this.now >= this.#due) return true
    this.#set(this.#due)
    return false
  }

  #set(due: number): void {
    this.#due = due
    if (due >= this.#armed) return
    this.#armed = due
    this.#server.deadline(this.#id, Math.max(0, due - this.now))
  }
}
