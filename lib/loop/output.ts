import type { Action } from '../action.js'
import { asError } from '../errors.js'
import type { Transport } from '../transport/transport.js'
import { moment, type TurnTime } from './clock.js'
import type { Closer } from './closer.js'
import type { Connection } from './connection.js'
import { Count, type Counters } from './counters.js'
import type { Files } from './files.js'
import { type Flusher, Intake } from './intake.js'
import { asAction } from './reply.js'
import { Life, Outbound } from './state.js'
import type { Timeouts } from './timeouts.js'
import { Tokens } from './tokens.js'

/** What output needs from its loop. */
export interface OutputOptions {
  readonly time: TurnTime
  readonly closer: Closer
  readonly timeouts: Timeouts
  readonly transports: readonly Transport[]
  readonly counters: Counters
}

/**
 * Writes output: what handlers return gathers in outboxes, and a flush offers these to their transports, with
 * `prewrite` before and `postwrite` after each attempt.
 */
export class Output implements Flusher {
  /** Where output enters. */
  readonly intake: Intake
  readonly #time: TurnTime
  readonly #closer: Closer
  readonly #timeouts: Timeouts
  readonly #transports: readonly Transport[]
  readonly #counters: Counters
  /**
   * Connections to be written at the next flush: so many of the array's elements. Truncating an array costs V8 as much
   * as writing to a connection costs the loop.
   */
  #dirty: (Connection | undefined)[] = []
  #count = 0
  /** The other array. Absent during a flush: one that runs inside of it, from a handler, makes another. */
  #spare: (Connection | undefined)[] | undefined = []
  /** Between the attempts of a flush: output staged now would be lost at its end. */
  attempting = false
  /** The program's memory has been lent. */
  urgent = false

  constructor({ time, closer, timeouts, transports, counters }: OutputOptions) {
    this.#time = time
    this.#closer = closer
    this.#timeouts = timeouts
    this.#transports = transports
    this.#counters = counters
    this.intake = new Intake(this, counters)
  }

  /** Output waits for the next flush. */
  get pending(): boolean {
    return this.#count > 0
  }

  /** Registers a token at the current end of the outbox. */
  track(connection: Connection, token: unknown): void {
    if (connection.handlers.sent === undefined) return
    connection.tokens ??= new Tokens()
    connection.tokens.add(token, connection.takesOutput ? connection.unsent : Number.POSITIVE_INFINITY)
    this.mark(connection)
  }

  /** Adds a connection to those to be written at the next flush. */
  mark(connection: Connection): void {
    if (connection.dirty) return
    connection.dirty = true
    this.#dirty[this.#count++] = connection
  }

  /** Writes lent memory before the next handler runs. */
  flushUrgent(): void {
    if (this.urgent) this.flush()
  }

  /** Makes one write attempt for every connection with output. */
  flush(): void {
    this.urgent = false
    if (this.#count === 0) return
    const batch = this.#dirty
    const count = this.#count
    this.#dirty = this.#spare ?? []
    this.#spare = undefined
    this.#count = 0
    try {
      this.#write(batch as Connection[], count)
      // What has gone must not be kept from the garbage collector.
      for (let index = 0; index < count; index++) batch[index] = undefined
    } finally {
      this.#spare = batch
      this.intake.forget()
    }
  }

  /** Writes to the first `count` connections of the batch. */
  #write(batch: readonly Connection[], count: number): void {
    const unfinished: Connection[] = []
    this.attempting = true
    try {
      for (let index = 0; index < count; index++) this.#attempt(batch[index] as Connection)
      for (const transport of this.#transports) transport.flush()
      // Handlers may have taken a while since the turn began, and timeouts count from the write.
      this.#time.pass()
      for (let index = 0; index < count; index++) {
        const connection = batch[index] as Connection
        if (!this.#settle(connection)) unfinished.push(connection)
      }
      for (const transport of this.#transports) transport.stage.reset()
    } finally {
      this.attempting = false
    }
    for (const connection of unfinished) this.#wrote(connection)
  }

  /** Discards pending output; the peer learns that it hasn't received everything. */
  giveUp(connection: Connection, error: Error): void {
    if (!connection.threw) connection.error = error
    this.#closer.abort(connection)
  }

  #attempt(connection: Connection): void {
    connection.dirty = false
    const { outbox } = connection
    if (connection.life === Life.Gone || connection.blocked) return
    if (!connection.drained) {
      this.#prewrite(connection)
      if (connection.drained) return
      connection.offered = connection.unsent
    } else if (connection.link.wantsWrite !== true) return
    try {
      // Not before: a `prewrite` may have put another one in its place.
      if (connection.files === undefined) connection.link.write(outbox)
      else this.#offerFile(connection, connection.files)
    } catch (thrown) {
      connection.offered = -1
      this.#closer.broke(connection, asError(thrown, 'the transport'))
    }
  }

  /** Offers a file directly, or the part of it in memory. */
  #offerFile(connection: Connection, files: Files): void {
    const { link, outbox } = connection
    if (link.sendsFiles === true) return link.write(outbox, files.first)
    try {
      files.fill(outbox)
    } catch (thrown) {
      connection.offered = -1
      return this.giveUp(connection, asError(thrown, 'reading a file'))
    }
    if (files.empty) connection.files = undefined
    connection.offered = outbox.size
    link.write(outbox)
  }

  #prewrite(connection: Connection): void {
    const { handlers, scope, id, unsent, context } = connection
    if (handlers.prewrite === undefined) return
    try {
      const action = scope.runInAsyncScope(handlers.prewrite, handlers, id, unsent, context)
      this.#act(connection, 'prewrite', action)
    } catch (thrown) {
      this.#closer.threw(connection, 'prewrite', thrown, { atOnce: true })
    }
  }

  /** Accounts for an attempt. True if that was all: the connection is usual, and has no output left. */
  #settle(connection: Connection): boolean {
    const { link, outbox, offered } = connection
    if (offered < 0) return false
    const { taken } = link
    if (connection.outbound === Outbound.Discarded) connection.discarded -= taken
    else {
      if (connection.files === undefined) outbox.settle(taken)
      else this.#settleFile(connection, connection.files, taken)
      this.#counters.add(Count.bytesOut, taken)
    }
    connection.tokens?.took(taken)
    // Output added since by another connection's `prewrite` was not offered; the transport doesn't know of it.
    const left = taken < offered || !connection.dirty
    const blocked = left && !connection.drained && !this.#takesMore(connection)
    if (taken > 0 && connection.limits.idleTimeout > 0) connection.touched = moment(this.#time.now)
    if ((taken > 0 || !connection.blocked) && (blocked || connection.unconfirmed > 0)) {
      connection.progressed(this.#time.now)
    }
    connection.blocked = blocked
    if (link.failure !== undefined || link.wantsWrite === true || !isUsual(connection)) return false
    connection.offered = -1
    return true
  }

  #settleFile(connection: Connection, files: Files, taken: number): void {
    const { outbox } = connection
    const before = Math.min(taken, outbox.size)
    outbox.settle(before)
    if (taken > before) files.sent(taken - before, outbox)
    if (files.empty) connection.files = undefined
  }

  /** Whether more can go at once: the link says so, or everything read from a file has been written. */
  #takesMore({ link, outbox, files }: Connection): boolean {
    if (link.wantsWrite === true) return true
    return files !== undefined && outbox.empty && link.sendsFiles !== true
  }

  #wrote(connection: Connection): void {
    const { link, offered } = connection
    if (offered >= 0) {
      connection.offered = -1
      this.#postwrite(connection, link.taken)
    }
    if (link.failure !== undefined) this.#failed(connection, link.failure)
    if (connection.life !== Life.Gone && this.#takesMore(connection)) this.mark(connection)
    if (connection.tokens !== undefined) this.#closer.acknowledge(connection, connection.tokens)
    this.#advance(connection)
  }

  #failed(connection: Connection, failure: Error): void {
    if (connection.link.over === true) connection.failed(failure)
    else if (isOfOutput(failure)) this.giveUp(connection, failure)
    else this.#closer.broke(connection, failure)
  }

  #postwrite(connection: Connection, taken: number): void {
    const { handlers, scope, id, context } = connection
    if (handlers.postwrite === undefined) return
    const left = connection.outbound === Outbound.Discarded ? connection.discarded : connection.unsent
    try {
      const action = scope.runInAsyncScope(handlers.postwrite, handlers, id, taken, left, context)
      this.#act(connection, 'postwrite', action)
    } catch (thrown) {
      this.#closer.threw(connection, 'postwrite', thrown, { atOnce: true })
    }
  }

  #act(connection: Connection, handler: string, action: Action | void): void {
    this.#closer.act(connection, asAction(action, handler))
  }

  /** Effects of a changed outbox: the end that waited for it, or resumed reading. */
  #advance(connection: Connection): void {
    if (!connection.untouched) {
      this.#closer.advance(connection)
      if (!connection.alive) return
    }
    connection.regulate()
    if (connection.unwritten) this.#timeouts.watch(connection)
  }
}

/** Whether an attempt that wrote everything has no effect but that: nobody waits for it, and nothing was held back. */
function isUsual(connection: Connection): boolean {
  const { tokens, held, throttled, handlers } = connection
  if (tokens !== undefined || held !== undefined || throttled) return false
  if (handlers.postwrite !== undefined) return false
  return connection.untouched && connection.drained && !connection.unwritten
}

/** What the program gave failed, a file or memory, and not the connection. */
function isOfOutput(failure: Error): boolean {
  const { code } = failure as NodeJS.ErrnoException
  return code === 'ESTALE' || code === 'ERR_REPLY'
}
