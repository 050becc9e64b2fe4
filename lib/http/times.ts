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
  /** When the whole request must be complete; while the program holds it up, how many milliseconds are left. */
  #requestDue: number | undefined
  #requestLeft: number | undefined
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

  /** A request has arrived: the next one has its own time. */
  arrived(): void {
    this.#headDue = undefined
    this.#requestDue = undefined
    this.#requestLeft = undefined
  }

  /** The program is working, which has no time limit. */
  busy(): void {
    this.arrived()
    this.#due = Number.POSITIVE_INFINITY
  }

  /** The program holds up the request that is arriving: the peer's time stands still. */
  hold(): void {
    this.#headDue = undefined
    if (this.#requestDue !== undefined) this.#requestLeft = Math.max(0, this.#requestDue - this.now)
    this.#requestDue = undefined
    this.#due = Number.POSITIVE_INFINITY
  }

  head(): void {
    if (this.#headDue === undefined) {
      this.arrived()
      this.#headDue = this.now + this.#limits.headTimeout
    }
    this.#set(Math.min(this.#headDue, this.#request()))
  }

  /** Bytes of a body have arrived, or the peer may send again. */
  body(): void {
    const due = this.#request()
    this.#headDue = undefined
    this.#set(Math.min(this.now + this.#limits.bodyTimeout, due))
  }

  /** Between two requests. */
  idle(): void {
    this.arrived()
    this.#set(this.now + this.#limits.idleTimeout)
  }

  /** Whether it is the whole request whose time is up, and not that of its head or of the next byte. */
  get requestLate(): boolean {
    return this.#requestDue !== undefined && this.now >= this.#requestDue
  }

  /** The loop's deadline has passed. Returns whether the peer's time is up. */
  expired(): boolean {
    this.pass()
    this.#armed = Number.POSITIVE_INFINITY
    if (this.now >= this.#due) return true
    this.#set(this.#due)
    return false
  }

  /** When the request that is arriving must be complete. */
  #request(): number {
    this.#requestDue ??= this.now + (this.#requestLeft ?? this.#limits.requestTimeout)
    this.#requestLeft = undefined
    return this.#requestDue
  }

  #set(due: number): void {
    this.#due = due
    if (due >= this.#armed) return
    this.#armed = due
    this.#server.deadline(this.#id, Math.max(0, due - this.now))
  }
}
