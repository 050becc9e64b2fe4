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
 * Milliseconds for which a closed connection's input is read and thrown away, so that no reset overtakes the output;
 * and in which a connection whose output fails must show that its input has ended too.
 */
const LINGER = 1000

/** What endings need from the loop they happen in. */
export interface CloserOptions {
  readonly table: ConnectionTable
  readonly clock: Clock
  readonly timeouts: Timeouts
  readonly failures: Failures
  readonly counters: Counters
  /** A handler asked for the end of the loop. */
  readonly shutdown: () => void
  /** Tells an open half-open connection that its peer has ended. */
  readonly ended: (connection: Connection) => void
  /** A connection's socket has gone to the program. */
  readonly detached: (socket: object) => void
}

/** How connections end: in order behind their output, at once, or by being handed over. */
export class Closer {
  readonly #options: CloserOptions
  readonly #table: ConnectionTable

  constructor(options: CloserOptions) {
    this.#options = options
    this.#table = options.table
  }

  /** Does what a handler asked for. The first Close or Detach of a connection stands, unless a Reset follows. */
  act(connection: Connection, action: Action): void {
    if (action === Action.None) return
    if (this.#begin(connection, action)) this.advance(connection)
  }

  /** The same from where a handler may be running: what follows at once otherwise comes in a turn of its own. */
  actLater(connection: Connection, action: Action): void {
    if (action === Action.None) return
    if (this.#begin(connection, action)) connection.revisit()
  }

  /** A handler threw: the connection closes with that error, behind its output or at once. */
  threw(connection: Connection, handler: string, thrown: unknown, { atOnce }: { atOnce: boolean }): void {
    const error = this.#options.failures.report(connection.handlers, connection.id, handler, thrown)
    if (!connection.alive) return
    // `closed` is told one error, and that is the first that was thrown.
    if (!connection.threw) connection.error = error
    connection.threw = true
    if (atOnce) return this.destroy(connection, connection.error)
    if (!connection.keepsSocket()) this.#begin(connection, Action.Close)
    this.advance(connection)
  }

  /** What was to make a layer for a connection that opens threw: the connection closes, and nothing goes out over it. */
  layerFailed(connection: Connection, thrown: unknown): Error {
    const error = this.#options.failures.report(connection.handlers, connection.id, 'wrap', thrown)
    connection.error = error
    connection.threw = true
    connection.endsOutput()
    this.actLater(connection, Action.Close)
    return error
  }

  /** What is pending is given up, and the connection goes in a turn that follows soon. */
  abort(connection: Connection): void {
    if (!connection.discards()) return
    connection.discarded = connection.unsent
    this.#drop(connection)
    connection.revisit()
  }

  /** Does the next step towards its end that a connection's state allows; none where something is still to come. */
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

  /** The link failed. What the peer sent before is still delivered; output is not taken any more. */
  broke(connection: Connection, failure: Error): void {
    if (!connection.alive) return
    if (connection.life !== Life.Open || connection.transport.datagrams) {
      return this.destroy(connection, connection.error ?? failure)
    }
    if (!connection.breaks()) return
    connection.error ??= failure
    connection.blocked = false
    this.#drop(connection)
    // Usually the read side tells of the same end at once, but a peer may take no more and stay silent.
    connection.endsAt = moment(this.#options.clock.now() + LINGER)
    this.#options.timeouts.watch(connection)
    // Input that was held back because of the output is not any more.
    connection.regulate()
    // Now and not with `closed`, which comes behind a promised reply: the reply may be waiting for just this.
    this.#withdraw(connection)
  }

  /** Output broke, and the read side has stayed silent for a while in which it was read: the peer has ended. */
  givesUpInput(connection: Connection): void {
    const read = connection.promises === 0 && connection.held === undefined
    connection.endsAt = read ? undefined : moment(this.#options.clock.now() + LINGER)
    if (!read) return
    connection.peerEnds()
    this.advance(connection)
  }

  /** Tells of output that has gone and came with a token. Waits for bytes that the system may still refuse. */
  acknowledge(connection: Connection, tokens: Tokens): void {
    for (;;) {
      const due = tokens.due(connection.unconfirmed)
      if (due === undefined) break
      this.#sent(connection, due.token, undefined)
    }
    if (tokens.waiting && connection.unconfirmed > 0) connection.link.confirm?.()
  }

  /** The connection goes at once, and what is pending is given up. */
  destroy(connection: Connection, error: Error | undefined): void {
    if (!connection.alive) return
    const reset = !connection.drained || connection.outbound === Outbound.Discarded
    connection.error = error
    this.#release(connection, { reset })
    this.#closed(connection)
  }

  /** A lingering connection's peer has ended, or its time has passed. */
  lingered(connection: Connection): void {
    if (connection.life !== Life.Lingering) return
    this.#table.lingering.delete(connection)
    this.#release(connection, { reset: false })
    this.#table.left()
  }

  /** All output has been written: the connection goes as it was asked to. */
  #finish(connection: Connection): void {
    if (connection.outbound >= Outbound.Broken) return this.destroy(connection, connection.error)
    if (connection.unconfirmed > 0) return this.#confirm(connection)
    this.#withdraw(connection)
    if (connection.handlers.detached === undefined) connection.keepsSocket()
    if (connection.life === Life.Detaching) return this.#detach(connection)
    // A `sent` that threw has finished it, one that asked for a reset has it go at once.
    if (connection.life !== Life.Closing) return
    if (connection.outbound >= Outbound.Broken) return this.destroy(connection, connection.error)
    this.#options.timeouts.cancel(connection)
    if (connection.transport.datagrams) this.#release(connection, { reset: false })
    else this.#linger(connection)
    this.#closed(connection)
  }

  /** The last bytes wait for the system, or for a layer, which `writeTimeout` bounds. */
  #confirm(connection: Connection): void {
    connection.link.confirm?.()
    this.#options.timeouts.watch(connection)
  }

  /** Starts what the action asks for; false where there is nothing to go on with. */
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

  /** Pending output is given up. */
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

  /** Where the link cannot be handed over it is given back. */
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

  /** The connection goes: what came with a token has gone by now, or never will. */
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

/** Of an error that may be a program's own, which may not even let itself be looked at. */
function codeOf(error: Error | undefined): unknown {
  try {
    return (error as { code?: unknown } | undefined)?.code
  } catch {
    return undefined
  }
}

/** Why output is lost on a connection that nothing has broken. */
function neverGoes({ id, outbound }: Connection): RevioError {
  if (outbound === Outbound.Discarded)
    return new RevioError('ECONNABORTED', `connection ${id}: reset before this output was sent`)
  return new RevioError('EPIPE', `connection ${id}: this output came after its end`)
}
