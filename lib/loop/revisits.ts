import type { Closer } from './closer.js'
import type { Connection } from './connection.js'
import type { Dispatcher } from './dispatcher.js'
import type { Shutdown } from './shutdown.js'
import { Life } from './state.js'

/** What revisits need from the loop. */
export interface RevisitsOptions {
  readonly closer: Closer
  readonly dispatcher: Dispatcher
  readonly shutdown: () => Shutdown
  /** Schedules a turn soon. */
  readonly schedule: () => void
}

/** Connections to look at again, in a separate turn. */
export class Revisits {
  readonly #options: RevisitsOptions
  #queue: Connection[] = []

  constructor(options: RevisitsOptions) {
    this.#options = options
  }

  get empty(): boolean {
    return this.#queue.length === 0
  }

  add(connection: Connection): void {
    this.#queue.push(connection)
    this.#options.schedule()
  }

  /** Inside a turn: looks at all connections added so far. */
  run(): void {
    const queue = this.#queue
    this.#queue = []
    for (const connection of queue) this.#lookAgain(connection)
  }

  /** Deferred work: an end, a wake, input that was held back, and the peer's end after it. */
  #lookAgain(connection: Connection): void {
    const { closer } = this.#options
    const shutdown = this.#options.shutdown()
    connection.queued = false
    if (connection.tokens !== undefined) closer.acknowledge(connection, connection.tokens)
    if (!shutdown.asked) this.#deliver(connection)
    else shutdown.close(connection)
    closer.advance(connection)
    if (!connection.alive) return
    connection.regulate()
    if (connection.woken && connection.life === Life.Open && connection.promises === 0) connection.revisit()
  }

  /** One wake and one piece of input: neither starves the other. */
  #deliver(connection: Connection): void {
    const { dispatcher } = this.#options
    if (connection.life !== Life.Open || connection.promises > 0) return
    if (connection.woken && !connection.wakeWaits) {
      connection.woken = false
      dispatcher.data(connection, null, undefined)
      connection.inputFirst = connection.promises > 0
    } else connection.inputFirst = false
    if (connection.held === undefined || !connection.receptive || this.#options.shutdown().asked) return
    const bytes = connection.held.shift()
    if (connection.held.length === 0) connection.held = undefined
    if (bytes === undefined) return
    connection.hears()
    dispatcher.data(connection, bytes, undefined)
  }
}
