import { RevioError } from '../errors.js'
import { moment } from './clock.js'
import type { Closer } from './closer.js'
import type { Connection } from './connection.js'
import type { Dispatcher } from './dispatcher.js'
import { Inbound, Life } from './state.js'
import type { Timeouts } from './timeouts.js'

/** What the deadlines need from their loop. */
export interface DeadlinesOptions {
  readonly closer: Closer
  readonly dispatcher: Dispatcher
  readonly timeouts: Timeouts
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
}

/** Acts when one of a connection's times is up. */
export class Deadlines {
  readonly #options: DeadlinesOptions

  constructor(options: DeadlinesOptions) {
    this.#options = options
  }

  expired(connection: Connection, now: number): void {
    this.#options.turn(() => {
      this.#expire(connection, now)
      if (connection.life !== Life.Gone) this.#options.timeouts.watch(connection)
    })
  }

  #expire(connection: Connection, now: number): void {
    const { closer, dispatcher } = this.#options
    if (connection.life === Life.Lingering) return closer.lingered(connection)
    const error = timeoutError(connection, now)
    if (error !== undefined) return closer.destroy(connection, connection.error ?? error)
    if (connection.endsAt !== undefined && now >= connection.endsAt) closer.givesUpInput(connection)
    const { expiresAt } = connection
    if (expiresAt === undefined || now < expiresAt || connection.life !== Life.Open) return
    connection.expiresAt = undefined
    dispatcher.expired(connection)
  }
}

/** The error for a connection whose peer has been silent, or has not read, for too long. */
function timeoutError(connection: Connection, now: number): RevioError | undefined {
  const { idleTimeout, readTimeout, writeTimeout } = connection.limits
  const timedOut = (what: string) => new RevioError('ETIMEDOUT', `connection ${connection.id}: ${what}`)
  if (idleTimeout > 0 && now >= connection.touched + idleTimeout) {
    return timedOut(`no bytes in either direction for ${idleTimeout} ms`)
  }
  if (readTimeout > 0 && connection.inbound === Inbound.Open && now >= connection.heard + readTimeout) {
    return timedOut(`no byte from the peer in ${readTimeout} ms`)
  }
  if (writeTimeout > 0 && connection.unwritten && now >= connection.writeDue && isDeaf(connection, now)) {
    return timedOut(`no progress on unsent output for ${writeTimeout} ms`)
  }
  return undefined
}

/**
 * Checks whether the peer accepts output while the system reports no room: Linux waits until a third of its buffer is
 * free, which can take a slow reader longer than any timeout. Returns true if it has accepted nothing for a whole
 * `writeTimeout`. It may have accepted some at any moment between two checks, or before the first.
 */
function isDeaf(connection: Connection, now: number): boolean {
  const { link, limits, unacknowledged: before } = connection
  const left = link.unacknowledged?.()
  if (left !== undefined && left !== before) connection.progress = moment(now)
  connection.unacknowledged = left ?? Number.POSITIVE_INFINITY
  connection.lookedAt = moment(now)
  return now >= connection.progress + limits.writeTimeout
}
