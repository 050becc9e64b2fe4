import type * as net from 'node:net'
import { Action } from '../action.js'
import { asError, RevioError } from '../errors.js'
import { type Clock, moment } from './clock.js'
import type { Connection } from './connection.js'
import { Count, type Counters } from './counters.js'
import type { Failures } from './failures.js'
import { asAction } from './reply.js'
import { Inbound, Life, Outbound } from './state.js'
import type { ConnectionTable } from './table.js'
import type { Timeouts } from './timeouts.js'
import type { Tokens } from './tokens.js'

/**
 * Milliseconds for which a closed connection's input is read and discarded, so that no reset overtakes the output;
 * also the time in which a connection with a failed write must show that its input has ended too.
 */
const LINGER = 1000

/** What the closer needs from its loop. */
export interface CloserOptions {
  readonly table: ConnectionTable
  readonly clock: Clock
  readonly timeouts: Timeouts
  readonly failures: Failures
  readonly counters: Counters
  /** A handler requested a shutdown. */
  readonly shutdown: () => void
  /** Reports the peer's end to an open half-open connection. */
  readonly ended: (connection: Connection) => void
  /** The program now owns the connection's socket. */
  readonly detached: (socket: object) => void
}

/** Ends connections: gracefully after their output, at once, or by handing them over. */
export class Closer {
  readonly #options: CloserOptions
  readonly #table: ConnectionTable

  constructor(options: CloserOptions) {
    this.#options = options
    this.#table = options.table
  }

  /** Performs a handler's action. The first Close or Detach of a connection counts, unless a Reset follows. */
  act(connection: Connection, action: Action): void {
    if (action === Action.None) return
    if (this.#begin(connection, action)) this.advance(connection)
  }

  /** The same, while a handler may be running: immediate effects are deferred to a separate turn. */
  actLater(connection: Connection, action: Action): void {
    if (action === Action.None) return
    if (this.#begin(connection, action)) connection.revisit()
  }

  /** A handler threw: closes the connection with that error, after its output or at once. */
  threw(connection: Connection, handler: string, thrown: unknown, { atOnce }: { atOnce: boolean }): void {
    const error = this.#options.failures.report(connection.handlers, connection.id, handler, thrown)
    if (!connection.alive) return
    // `closed` receives one error, the first one thrown.
    if (!connection.threw) connection.error = error
    connection.threw = true
    if (atOnce) return this.destroy(connection, connection.error)
    if (!connection.keepsSocket()) this.#begin(connection, Action.Close)
    this.advance(connection)
  }

  /** The layer of an opening connection failed to construct: closes the connection without sending anything. */
  layerFailed(connection: Connection, thrown: unknown): Error {
    const error = this.#options.failures.report(connection.handlers, connection.id, 'wrap', thrown)
    connection.error = error
    connection.threw = true
    connection.endsOutput()
    this.actLater(connection, Action.Close)
    return error
  }

  /** Discards pending output; the connection closes in a turn that follows soon. */
  abort(connection: Connection): void {
    if (!connection.discards()) return
    connection.discarded = connection.unsent
    this.#drop(connection)
    connection.revisit()
  }

  /** Takes the next step towards the end that the connection's state allows, if any. */
  advance(connection: Connection): void {
    if (connection.life === Life.Closing || connection.life === Life.Detaching) {
      if (connection.drained) this.#finish(connection)
      return
    }
    if (connection.life === Life.Lingering && connection.settled) return this.lingered(connection)
    if (connection.life !== Life.Open) return
    if (connection.outbound === Outbound.Ending && connection.drained) {
      connection.link.end()
      connection.outputEnded()
    }
    if (connection.kept) return
    if (connection.over) this.act(connection, Action.Close)
    else if (connection.inbound === Inbound.Ended) this.#options.ended(connection)
  }

  /** The link failed. Earlier input is still delivered; further output is rejected. */
  broke(connection: Connection, failure: Error): void {
    if (!connection.alive) return
    if (connection.life !== Life.Open || connection.transport.datagrams) {
      return this.destroy(connection, connection.error ?? failure)
    }
    if (!connection.breaks()) return
    connection.error ??= failure
    connection.blocked = false
    connection.truncated = !connection.drained
    this.#drop(connection)
    // Usually the read side reports the end at once, but a peer may stop reading and stay silent.
    connection.endsAt = moment(this.#options.clock.now() + LINGER)
    this.#options.timeouts.watch(connection)
    // Output no longer holds input back.
    connection.regulate()
    // Now rather than with `closed`, which waits for a promised reply: the reply may be waiting for this.
    this.#withdraw(connection)
  }

  /** Output broke, and the read side stayed silent while being read: the peer has ended. */
  givesUpInput(connection: Connection): void {
    const read = connection.promises === 0 && connection.held === undefined
    connection.endsAt = read ? undefined : moment(this.#options.clock.now() + LINGER)
    if (!read) return
    connection.peerEnds()
    this.advance(connection)
  }

  /** Runs `sent` for tokens whose output has been written. Waits for bytes that the OS may still reject. */
  acknowledge(connection: Connection, tokens: Tokens): void {
    for (;;) {
      const due = tokens.due(connection.unconfirmed)
      if (due === undefined) break
      this.#sent(connection, due.token, undefined)
    }
    if (tokens.waiting && connection.unconfirmed > 0) connection.link.confirm?.()
  }

  /** Closes the connection at once, discarding pending output. */
  destroy(connection: Connection, error: Error | undefined): void {
    if (!connection.alive) return
    const reset = connection.truncated || !connection.drained || connection.outbound === Outbound.Discarded
    connection.error = error
    this.#release(connection, { reset })
    this.#closed(connection)
  }

  /** A lingering connection's peer has ended, or its time is up. */
  lingered(connection: Connection): void {
    if (connection.life !== Life.Lingering) return
    this.#table.lingering.delete(connection)
    this.#release(connection, { reset: false })
    this.#table.left()
  }

  /** All output has been written: closes or detaches as requested. */
  #finish(connection: Connection): void {
    if (connection.outbound >= Outbound.Broken) return this.destroy(connection, connection.error)
    if (connection.unconfirmed > 0) return this.#confirm(connection)
    this.#withdraw(connection)
    if (connection.handlers.detached === undefined) connection.keepsSocket()
    if (connection.life === Life.Detaching) {
      if (connection.link.securing !== true) this.#detach(connection)
      return
    }
    // A `sent` that threw has finished it; one that requested a reset closes it at once.
    if (connection.life !== Life.Closing) return
    if (connection.outbound >= Outbound.Broken) return this.destroy(connection, connection.error)
    this.#options.timeouts.cancel(connection)
    if (connection.transport.datagrams) this.#release(connection, { reset: false })
    else this.#linger(connection)
    this.#closed(connection)
  }

  /** The last bytes wait for the system or a layer, bounded by `writeTimeout`. */
  #confirm(connection: Connection): void {
    connection.link.confirm?.()
    this.#options.timeouts.watch(connection)
  }

  /** Starts an action; false if there is nothing further to do. */
  #begin(connection: Connection, action: Action): boolean {
    if (action === Action.Shutdown) this.#options.shutdown()
    if (action === Action.None || action === Action.Shutdown) return false
    if (action === Action.Reset) {
      this.abort(connection)
      return false
    }
    if (action === Action.End && connection.transport.datagrams !== true) return connection.endsOutput()
    const detaches =
      action === Action.Detach &&
      connection.handlers.detached !== undefined &&
      connection.transport.datagrams !== true
    const begun = detaches ? connection.detaches() : connection.closes()
    if (begun) connection.regulate()
    return begun
  }

  /** Discards pending output. */
  #drop(connection: Connection): void {
    if (connection.drained) return
    this.#options.counters.add(Count.dropped, connection.unsent)
    connection.clearOutput()
  }

  #count(error: Error | undefined): void {
    const { counters } = this.#options
    const code = codeOf(error)
    counters.add(Count.events, 1)
    counters.add(Count.closed, 1)
    if (code === 'ECONNRESET' || code === 'EPIPE') counters.add(Count.reset, 1)
    if (code === 'ETIMEDOUT') counters.add(Count.timedOut, 1)
  }

  #linger(connection: Connection): void {
    const { clock, timeouts } = this.#options
    const { link, settled } = connection
    const ended = connection.outbound === Outbound.Ended || (settled && link.endsByClosing === true)
    if (!ended) link.end()
    if (connection.link.failure !== undefined) connection.error ??= connection.link.failure
    if (connection.settled || connection.link.failure !== undefined) {
      return this.#release(connection, { reset: false })
    }
    connection.lingers()
    connection.endsAt = moment(clock.now() + LINGER)
    connection.regulate()
    this.#table.lingering.add(connection)
    timeouts.watch(connection)
  }

  #release(connection: Connection, { reset }: { reset: boolean }): void {
    this.#options.timeouts.cancel(connection)
    connection.leaves()
    this.#drop(connection)
    connection.held = undefined
    connection.link.close({ reset })
  }

  #detach(connection: Connection): void {
    const { failures, shutdown, timeouts, detached, counters } = this.#options
    const { id, scope, handlers, context } = connection
    timeouts.cancel(connection)
    connection.leaves()
    this.#table.connections.delete(id)
    const socket = this.#handOver(connection)
    if (socket === undefined) return this.#closed(connection)
    connection.held = undefined
    detached(socket)
    counters.add(Count.events, 1)
    counters.add(Count.detached, 1)
    try {
      const { detached } = handlers
      const action = detached && scope.runInAsyncScope(detached, handlers, id, socket, context)
      if (asAction(action, 'detached') === Action.Shutdown) shutdown()
    } catch (thrown) {
      socket.destroy()
      failures.report(handlers, id, 'detached', thrown)
    }
    this.#table.left()
  }

  /** If the handover fails, the link is released. */
  #handOver(connection: Connection): net.Socket | undefined {
    try {
      return connection.link.detach(connection.held ?? [])
    } catch (thrown) {
      connection.error = asError(thrown, 'the transport')
      connection.link.close({ reset: false })
      return undefined
    }
  }

  #closed(connection: Connection): void {
    const { failures, shutdown } = this.#options
    const { id, scope, handlers, context } = connection
    this.#withdraw(connection)
    this.#table.connections.delete(id)
    this.#count(connection.error)
    try {
      const { closed } = handlers
      const action = closed && scope.runInAsyncScope(closed, handlers, id, connection.error, context)
      if (asAction(action, 'closed') === Action.Shutdown) shutdown()
    } catch (thrown) {
      failures.report(handlers, id, 'closed', thrown)
    }
    this.#table.left()
  }

  /** Closes the connection: by now every token's output has been written or discarded. */
  #withdraw(connection: Connection): void {
    const { tokens, error } = connection
    if (tokens === undefined) return
    this.acknowledge(connection, tokens)
    for (let lost = tokens.next(); lost !== undefined; lost = tokens.next()) {
      this.#sent(connection, lost.token, error ?? neverGoes(connection))
    }
  }

  #sent(connection: Connection, token: unknown, error: Error | undefined): void {
    try {
      const { scope, handlers, id, context } = connection
      const { sent } = handlers
      const action = sent && scope.runInAsyncScope(sent, handlers, id, token, error, context)
      this.act(connection, asAction(action, 'sent'))
    } catch (thrown) {
      this.threw(connection, 'sent', thrown, { atOnce: false })
    }
  }
}

/** For errors that may be the program's own, whose properties may throw. */
function codeOf(error: Error | undefined): unknown {
  try {
    return (error as { code?: unknown } | undefined)?.code
  } catch {
    return undefined
  }
}

/** Why output is lost on a connection that is not broken. */
function neverGoes({ id, outbound }: Connection): RevioError {
  if (outbound === Outbound.Discarded)
    return new RevioError('ECONNABORTED', `connection ${id}: reset before this output was sent`)
  return new RevioError('EPIPE', `connection ${id}: this output came after its end`)
}
