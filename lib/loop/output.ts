import type { Action } from '../action.js'
import { isBytes, plainView } from '../bytes.js'
import { asError, RevioError } from '../errors.js'
import type { Chunk, Out } from '../events.js'
import type { Transport } from '../transport/transport.js'
import type { TurnTime } from './clock.js'
import type { Closer } from './closer.js'
import type { Connection } from './connection.js'
import { Count } from './counters.js'
import { asAction, bytesOf, sizeOf } from './reply.js'
import { Life, Outbound } from './state.js'
import type { Timeouts } from './timeouts.js'
import { Tokens } from './tokens.js'

/** From this size a piece of output is written from where it lies, at once, instead of being gathered. */
const LARGE = 32 * 1024

/** What output needs from the loop. */
export interface OutputOptions {
  readonly time: TurnTime
  readonly closer: Closer
  readonly timeouts: Timeouts
  readonly transports: readonly Transport[]
  /** The loop's row of numbers. */
  readonly counts: Float64Array
}

/**
 * Output on its way: what handlers return gathers in outboxes, and a flush offers all of them to their transports,
 * with `prewrite` before and `postwrite` after each attempt.
 */
export class Output {
  readonly #time: TurnTime
  readonly #closer: Closer
  readonly #timeouts: Timeouts
  readonly #transports: readonly Transport[]
  readonly #counts: Float64Array
  /** Have output to be written at the next flush. */
  #dirty: Connection[] = []
  #batch: Connection[] = []
  /** Between the attempts of a flush: what is staged now would be lost at its end. */
  #attempting = false
  /** Memory of the program's own has been lent. */
  #urgent = false
  /** The output that is being taken met an empty outbox, and is taken whatever its size. */
  #first = false

  constructor({ time, closer, timeouts, transports, counts }: OutputOptions) {
    this.#time = time
    this.#closer = closer
    this.#timeouts = timeouts
    this.#transports = transports
    this.#counts = counts
  }

  /** Output waits for the next flush. */
  get pending(): boolean {
    return this.#dirty.length > 0
  }

  /**
   * Appends output that a handler returned, before another handler runs. `input` is what the handler was given, where
   * that is the loop's again.
   */
  reply(connection: Connection, out: Out, input: Uint8Array | undefined): void {
    if (out === null || out === undefined) return
    this.#first = connection.outbox.size === 0 && connection.limits.maxPending > 0
    if (connection.transport.datagrams) this.#takeDatagram(connection, out)
    else if (typeof out === 'string' || isBytes(out)) this.#take(connection, out, input, true)
    else for (const chunk of out) this.#take(connection, chunk, input, true)
  }

  /** Appends output from anywhere; its memory is the caller's again when this returns. */
  send(connection: Connection, out: Out): void {
    if (out === null || out === undefined) return
    this.#first = connection.outbox.size === 0 && connection.limits.maxPending > 0
    if (connection.transport.datagrams) this.#takeDatagram(connection, out)
    else if (typeof out === 'string' || isBytes(out)) this.#take(connection, out, undefined, false)
    else for (const chunk of out) this.#take(connection, chunk, undefined, false)
  }

  /** Appends output that stays as it is, so that it is neither copied nor anybody's alone. */
  share(connection: Connection, out: Out): void {
    if (out === null || out === undefined) return
    if (connection.transport.datagrams) return this.send(connection, out)
    this.#first = connection.outbox.size === 0 && connection.limits.maxPending > 0
    if (typeof out === 'string') this.#take(connection, out, undefined, false)
    else if (isBytes(out)) this.#share(connection, out)
    else {
      for (const chunk of out) {
        if (typeof chunk === 'string') this.#take(connection, chunk, undefined, false)
        else this.#share(connection, chunk)
      }
    }
  }

  /** Registers a token at the current end of the outbox. */
  track(connection: Connection, token: unknown): void {
    if (connection.handlers.sent === undefined) return
    connection.tokens ??= new Tokens()
    connection.tokens.add(token, connection.takesOutput ? connection.outbox.size : Number.POSITIVE_INFINITY)
    this.mark(connection)
  }

  /** Puts a connection among those to be written at the next flush. */
  mark(connection: Connection): void {
    if (connection.dirty) return
    connection.dirty = true
    this.#dirty.push(connection)
  }

  /** Before the next handler runs, memory that was lent is written. */
  flushUrgent(): void {
    if (this.#urgent) this.flush()
  }

  /** One attempt to write for every connection with output. */
  flush(): void {
    this.#urgent = false
    if (this.#dirty.length === 0) return
    const batch = this.#dirty
    this.#dirty = this.#batch
    try {
      this.#write(batch)
    } finally {
      batch.length = 0
      this.#batch = batch
    }
  }

  #write(batch: readonly Connection[]): void {
    this.#attempting = true
    try {
      for (const connection of batch) this.#attempt(connection)
      for (const transport of this.#transports) transport.flush()
      // Handlers may have taken their time since the turn began, and timeouts count from the write.
      this.#time.pass()
      for (const connection of batch) this.#settle(connection)
      for (const transport of this.#transports) transport.stage.reset()
    } finally {
      this.#attempting = false
    }
    for (const connection of batch) this.#wrote(connection)
  }

  #take(connection: Connection, chunk: Chunk, input: Uint8Array | undefined, lendable: boolean): void {
    const size = sizeOf(chunk)
    if (size === 0 || !connection.takesOutput) return
    const { outbox, limits, transport } = connection
    if (!this.#first && outbox.size + size > limits.maxPending) return this.#overflow(connection, size)
    this.#count(Count.queued, size)
    if (connection.blocked) {
      if (chunk === input && !transport.sharesInput) outbox.give(input)
      else outbox.append(chunk, size)
      return connection.regulate()
    }
    if (chunk === input) {
      if (transport.sharesInput) outbox.lend(input, 0, size)
      else outbox.give(input)
    } else if (size < LARGE && size <= transport.stage.room && !this.#attempting) {
      const start = transport.stage.put(chunk, size)
      outbox.lend(transport.stage.bytes, start, start + size)
    } else if (lendable && typeof chunk !== 'string' && connection.handlers.prewrite === undefined) {
      outbox.lend(plainView(chunk), 0, size)
      this.#urgent = true
    } else outbox.append(chunk, size)
    this.mark(connection)
  }

  #share(connection: Connection, bytes: Uint8Array): void {
    const size = sizeOf(bytes)
    if (size === 0 || !connection.takesOutput) return
    const { outbox, limits } = connection
    if (!this.#first && outbox.size + size > limits.maxPending) return this.#overflow(connection, size)
    outbox.give(plainView(bytes))
    if (connection.blocked) connection.regulate()
    else this.mark(connection)
  }

  /** A datagram is a run of the outbox of its own, whatever the pieces it came in. */
  #takeDatagram(connection: Connection, out: Chunk | readonly Chunk[]): void {
    if (!connection.takesOutput) return
    const bytes = bytesOf(out)
    if (bytes === undefined) return
    const { outbox, limits } = connection
    if (!this.#first && outbox.size + bytes.length > limits.maxPending) {
      return this.#overflow(connection, bytes.length)
    }
    this.#count(Count.queued, bytes.length)
    outbox.give(bytes)
    // At once and not behind the flush: many datagrams may be answered before that.
    if (connection.blocked || outbox.size > limits.highWaterMark) connection.regulate()
    if (!connection.blocked) this.mark(connection)
  }

  #overflow(connection: Connection, size: number): void {
    const { outbox, limits, id } = connection
    const message = `connection ${id}: ${size} bytes more than the ${outbox.size} unsent ones would pass maxPending, ${limits.maxPending}`
    if (!connection.threw) connection.error = new RevioError('ENOBUFS', message)
    this.#closer.abort(connection)
  }

  #attempt(connection: Connection): void {
    connection.dirty = false
    const { link, outbox } = connection
    if (connection.life === Life.Gone || connection.blocked) return
    if (!outbox.empty) {
      this.#prewrite(connection)
      if (outbox.empty) return
      connection.offered = outbox.size
    } else if (link.wantsWrite !== true) return
    try {
      link.write(outbox)
    } catch (thrown) {
      connection.offered = -1
      this.#closer.broke(connection, asError(thrown, 'the transport'))
    }
  }

  #prewrite(connection: Connection): void {
    const { handlers, scope, id, outbox, context } = connection
    if (handlers.prewrite === undefined) return
    try {
      const action = scope.runInAsyncScope(handlers.prewrite, handlers, id, outbox.size, context)
      this.#act(connection, 'prewrite', action)
    } catch (thrown) {
      this.#closer.threw(connection, 'prewrite', thrown, { atOnce: true })
    }
  }

  #settle(connection: Connection): void {
    const { link, outbox, offered } = connection
    if (offered < 0) return
    const { taken } = link
    if (connection.outbound === Outbound.Discarded) connection.discarded -= taken
    else {
      outbox.settle(taken)
      this.#count(Count.bytesOut, taken)
    }
    connection.tokens?.took(taken)
    // What another's `prewrite` has added since has not been offered, and the transport knows nothing of it.
    const left = taken < offered || !connection.dirty
    const blocked = left && !outbox.empty && link.wantsWrite !== true
    if (taken > 0 && connection.limits.idleTimeout > 0) connection.touched = this.#time.now
    if ((taken > 0 || !connection.blocked) && (blocked || connection.unconfirmed > 0)) {
      connection.progressed(this.#time.now)
    }
    connection.blocked = blocked
  }

  #count(count: number, amount: number): void {
    const counts = this.#counts
    counts[count] = (counts[count] as number) + amount
  }

  #wrote(connection: Connection): void {
    const { link, offered } = connection
    if (offered >= 0) {
      connection.offered = -1
      this.#postwrite(connection, link.taken)
    }
    if (link.failure !== undefined) this.#failed(connection, link.failure)
    if (link.wantsWrite === true && connection.life !== Life.Gone) this.mark(connection)
    if (connection.tokens !== undefined) this.#closer.acknowledge(connection, connection.tokens)
    this.#advance(connection)
  }

  #failed(connection: Connection, failure: Error): void {
    if (connection.link.over === true) connection.failed(failure)
    else this.#closer.broke(connection, failure)
  }

  #postwrite(connection: Connection, taken: number): void {
    const { handlers, scope, id, outbox, context } = connection
    if (handlers.postwrite === undefined) return
    const left = connection.outbound === Outbound.Discarded ? connection.discarded : outbox.size
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

  /** What a changed outbox allows: the end that was waiting for it, or reading on. */
  #advance(connection: Connection): void {
    if (!connection.untouched) {
      this.#closer.advance(connection)
      if (!connection.alive) return
    }
    connection.regulate()
    if (connection.unwritten) this.#timeouts.watch(connection)
  }
}
