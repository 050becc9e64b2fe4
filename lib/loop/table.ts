import type { Handlers } from '../events.js'
import type { Connection } from './connection.js'

/** A loop's connections. */
export class ConnectionTable {
  /** Connections whose `closed` or `detached` has not run, by id. */
  readonly connections = new Map<number, Connection>()
  /** Closed, and waiting for their peers to end. */
  readonly lingering = new Set<Connection>()
  readonly #left: () => void

  /** @param left - Runs when a connection and its descriptor have gone. */
  constructor(left: () => void) {
    this.#left = left
  }

  /** No connection is left, not even a lingering one. */
  get empty(): boolean {
    return this.connections.size === 0 && this.lingering.size === 0
  }

  get(id: number): Connection | undefined {
    return this.connections.get(id)
  }

  /** Switches connections from some handlers to others. */
  follow(before: Handlers<unknown>, next: Handlers<unknown>): void {
    for (const connection of this.connections.values()) {
      if (connection.given === before) connection.follow(next)
    }
  }

  /** A connection has gone. */
  left(): void {
    this.#left()
  }
}
