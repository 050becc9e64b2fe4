import { Action } from '../action.js'
import { asError, RevioError } from '../errors.js'
import type { Events } from '../events.js'
import type { Clock } from './clock.js'
import { type Connection, Phase } from './connection.js'
import { asAction } from './reply.js'
import type { Timeouts } from './timeouts.js'
import type { Receipts } from './tokens.js'

/** Milliseconds for which a closed connection's input is read and thrown away, so that no reset overtakes the output. */
const LINGER = 1000

/** What endings need from the loop they happen in. */
export interface EndingOptions<Context> {
  readonly events: Events<Context>
  readonly clock: Clock
  readonly timeouts: Timeouts
  /** Takes errors that no handler can be told. */
  readonly warn: (error: Error) => void
  /** A handler asked for the end of the loop. */
  readonly shutdown: () => void
  /** A connection has gone, with its descriptor. */
  readonly left: () => void
}

/** How connections end: in order behind their output, at once, or by being given away. */
export class Ending<Context> {
  /** Those of which neither `closed` nor `detached` has been told, by id. */
  readonly connections = new Map<number, Connection<Context>>()
  /** Closed, and waiting for their peers to end. */
  readonly lingering = new Set<Connection<Context>>()
  readonly #options: EndingOptions<Context>
  readonly #events: Events<Context>

  constructor(options: EndingOptions<Context>) {
    this.#options = options
    this.#events = options.events
  }

  /** Nothing is left: no connection, and none that lingers. */
  get empty(): boolean {
    return this.connections.size === 0 && this.lingering.size === 0
  }

  /** Does what a handler asked for. The first Close or Detach of a connection stands, unless a Reset follows. */
  act(connection: Connection<Context>, action: Action): void {
    if (action === Action.None) return
    if (action === Action.Shutdown) return this.#options.shutdown()
    if (connection.phase > (action === Action.Reset ? Phase.Closing : Phase.Open)) return
    this.#begin(connection, action)
    this.advance(connection)
  }

  /** The same from where a handler may be running: what follows at once otherwise comes in a turn of its own. */
  actLater(connection: Connection<Context>, action: Action): void {
    if (action === Action.None) return
    if (action === Action.Shutdown) return this.#options.shutdown()
    if (connection.phase > (action === Action.Reset ? Phase.Closing : Phase.Open)) return
    this.#begin(connection, action)
    connection.revisit()
  }

  /** A handler threw: the connection closes with that error, behind its output or at once. */
  threw(connection: Connection<Context>, thrown: unknown, { atOnce }: { atOnce: boolean }): void {
    const error = asError(thrown)
    // `closed` is told one error, and that is the first that was thrown.
    if (connection.phase >= Phase.Lingering || connection.thrown) this.#options.warn(error)
    else connection.error = error
    if (connection.phase >= Phase.Lingering) return
    connection.thrown = true
    if (atOnce) return this.destroy(connection, connection.error)
    this.#begin(connection, Action.Close)
    this.advance(connection)
  }

  /** What is pending is given up, and the connection goes in a turn that follows soon. */
  abort(connection: Connection<Context>): void {
    connection.aborted = true
    connection.phase = Phase.Closing
    connection.outbox.clear()
    connection.revisit()
  }

  /** Goes on with an end that waited for output to be written, once there is none left. */
  advance(connection: Connection<Context>): void {
    if (!connection.outbox.empty) return
    if (connection.phase === Phase.Closing) return this.#finish(connection)
    if (connection.phase !== Phase.Open || !connection.outputEnding || connection.broken) return
    if (!connection.outputEnded) connection.link.end()
    connection.outputEnded = true
    if (!connection.endTold || connection.busy || connection.woken) return
    this.act(connection, Action.Close)
  }

  /** A write failed. What the peer sent before is still delivered; output is not taken any more. */
  broke(connection: Connection<Context>, failure: Error): void {
    if (connection.phase >= Phase.Lingering) return
    if (connection.phase === Phase.Closing || connection.transport.datagrams) {
      return this.destroy(connection, connection.error ?? failure)
    }
    connection.error ??= failure
    connection.broken = true
    connection.blocked = false
    connection.outbox.clear()
    // Input that was held back because of the output is not any more.
    connection.regulate()
    // Now and not with `closed`, which comes behind a promised reply: the reply may be waiting for just this.
    this.#withdraw(connection)
  }

  /** Tells of output that has gone and came with a token. What the system may still refuse is waited for. */
  acknowledge(connection: Connection<Context>, receipts: Receipts): void {
    for (;;) {
      const receipt = receipts.due(connection.unconfirmed)
      if (receipt === undefined) break
      this.#sent(connection, receipt.token, undefined)
    }
    if (receipts.waiting && connection.unconfirmed > 0) connection.revisit()
  }

  /** All output has been written: the connection goes as it was asked to. */
  #finish(connection: Connection<Context>): void {
    if (connection.aborted || connection.broken) return this.destroy(connection, connection.error)
    if (connection.receipts?.waiting && connection.unconfirmed > 0) return connection.revisit()
    this.#withdraw(connection)
    // A `sent` that threw has finished it.
    if (connection.phase !== Phase.Closing) return
    if (connection.next === Action.Detach) return this.#detach(connection)
    this.#options.timeouts.cancel(connection)
    if (connection.peerEnded || connection.transport.datagrams) this.#release(connection, { reset: false })
    else this.#linger(connection)
    this.#closed(connection)
  }

  /** The connection goes at once, and what is pending is given up. */
  destroy(connection: Connection<Context>, error: Error | undefined): void {
    if (connection.phase >= Phase.Lingering) return
    const reset = !connection.outbox.empty || connection.aborted
    connection.error = error
    this.#release(connection, { reset })
    this.#closed(connection)
  }

  /** A lingering connection's peer has ended, or its time has passed. */
  lingered(connection: Connection<Context>): void {
    this.lingering.delete(connection)
    this.#release(connection, { reset: false })
    this.#options.left()
  }

  #begin(connection: Connection<Context>, action: Action): void {
    if (action === Action.Reset) return this.abort(connection)
    if (action === Action.End && !connection.transport.datagrams) {
      connection.outputEnding = true
      return
    }
    connection.phase = Phase.Closing
    const detachable = this.#events.detached !== undefined && !connection.transport.datagrams
    connection.next = action === Action.Detach && detachable ? Action.Detach : Action.Close
    connection.regulate()
  }

  #linger(connection: Connection<Context>): void {
    const { clock, timeouts } = this.#options
    connection.phase = Phase.Lingering
    connection.lingerUntil = clock.now() + LINGER
    if (!connection.outputEnded) connection.link.end()
    connection.regulate()
    this.lingering.add(connection)
    timeouts.watch(connection)
  }

  #release(connection: Connection<Context>, { reset }: { reset: boolean }): void {
    this.#options.timeouts.cancel(connection)
    connection.phase = Phase.Gone
    connection.outbox.clear()
    connection.held = undefined
    connection.link.close({ reset })
  }

  #detach(connection: Connection<Context>): void {
    const { warn, shutdown, left, timeouts } = this.#options
    timeouts.cancel(connection)
    connection.phase = Phase.Gone
    this.#withdraw(connection)
    this.connections.delete(connection.id)
    const socket = connection.link.detach(connection.held ?? [])
    connection.held = undefined
    try {
      if (
        asAction(this.#events.detached?.(connection.id, socket, connection.context), 'detached') ===
        Action.Shutdown
      )
        shutdown()
    } catch (thrown) {
      socket.destroy()
      warn(asError(thrown))
    }
    left()
  }

  #closed(connection: Connection<Context>): void {
    const { warn, shutdown, left } = this.#options
    const { id, error, context } = connection
    this.#withdraw(connection)
    this.connections.delete(id)
    if (this.#events.closed === undefined && connection.thrown && error !== undefined) warn(error)
    try {
      if (asAction(this.#events.closed?.(id, error, context), 'closed') === Action.Shutdown) shutdown()
    } catch (thrown) {
      warn(asError(thrown))
    }
    left()
  }

  /** The connection goes: what came with a token has gone by now, or never will. */
  #withdraw(connection: Connection<Context>): void {
    const { receipts, error } = connection
    if (receipts === undefined) return
    this.acknowledge(connection, receipts)
    for (let lost = receipts.next(); lost !== undefined; lost = receipts.next()) {
      this.#sent(connection, lost.token, error ?? outputAfterEnd(connection.id))
    }
  }

  #sent(connection: Connection<Context>, token: unknown, error: Error | undefined): void {
    try {
      const action = this.#events.sent?.(connection.id, token, error, connection.context)
      this.act(connection, asAction(action, 'sent'))
    } catch (thrown) {
      this.threw(connection, thrown, { atOnce: false })
    }
  }
}

function outputAfterEnd(id: number): RevioError {
  return new RevioError('EPIPE', `connection ${id}: this output came after its end`)
}
