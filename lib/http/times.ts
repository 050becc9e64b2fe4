import type { Server } from '../events.js'
import type { Limits } from './limits.js'

/**
 * The time limits of a peer. Sets the loop's deadline only if a nearer one is needed, and extends it when it fires, so
 * a busy connection costs nothing.
 */
export class Times {
  readonly #id: number
  readonly #server: Server
  readonly #limits: Limits
  /** When the peer's time is up, and when the loop's deadline fires. */
  #due = Number.POSITIVE_INFINITY
  #armed = Number.POSITIVE_INFINITY
  /** When the head that is arriving must be complete. */
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

  /** The program is working, which has no time limit. */
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

  /** The loop's deadline has passed. Returns whether the peer's time is up. */
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
