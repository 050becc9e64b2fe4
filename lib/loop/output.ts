import { isBytes, plainView } from '../bytes.js'
import { RevioError } from '../errors.js'
import type { Chunk, Events, Out } from '../events.js'
import type { Transport } from '../transport/transport.js'
import type { TurnTime } from './clock.js'
import type { Ending } from './closer.js'
import { type Connection, Phase } from './connection.js'
import { asAction, bytesOf, sizeOf } from './reply.js'
import type { Timeouts } from './timeouts.js'
import { Receipts } from './tokens.js'

/** From this size a piece of output is written from where it lies, at once, instead of being gathered. */
const LARGE = 32 * 1024

/** What the writer needs from the loop it writes for. */
export interface WriterOptions<Context> {
  readonly events: Events<Context>
  readonly time: TurnTime
  readonly ending: Ending<Context>
  readonly timeouts: Timeouts
  readonly transports: readonly Transport[]
}

/**
 * Output on its way: what handlers return gathers in outboxes, and a flush offers all of them to their transports,
 * with `prewrite` before and `postwrite` after each attempt.
 */
export class Writer<Context> {
  readonly #events: Events<Context>
  readonly #time: TurnTime
  readonly #ending: Ending<Context>
  readonly #timeouts: Timeouts
  readonly #transports: readonly Transport[]
  /** Have output to be written at the next flush. */
  #dirty: Connection<Context>[] = []
  #batch: Connection<Context>[] = []
  /** Between the attempts of a flush: what is staged now would be lost at its end. */
  #attempting = false
  /** Memory of the program's own has been lent. */
  #urgent = false

  constructor({ events, time, ending, timeouts, transports }: WriterOptions<Context>) {
    this.#events = events
    this.#time = time
    this.#ending = ending
    this.#timeouts = timeouts
    this.#transports = transports
  }

  /** Output waits for the next flush. */
  get pending(): boolean {
    return this.#dirty.length > 0
  }

  /**
   * Appends output that a handler returned, before another handler runs. `input` is what the handler was given, where
   * that is the loop's again.
   */
  reply(connection: Connection<Context>, out: Out, input: Uint8Array | undefined): void {
    if (out === null || out === undefined) return
    if (connection.transport.datagrams) this.#takeDatagram(connection, out)
    else if (typeof out === 'string' || isBytes(out)) this.#take(connection, out, input, true)
    else for (const chunk of out) this.#take(connection, chunk, input, true)
  }

  /** Appends output from anywhere; its memory is the caller's again when this returns. */
  send(connection: Connection<Context>, out: Out): void {
    if (out === null || out === undefined) return
    if (connection.transport.datagrams) this.#takeDatagram(connection, out)
    else if (typeof out === 'string' || isBytes(out)) this.#take(connection, out, undefined, false)
    else for (const chunk of out) this.#take(connection, chunk, undefined, false)
  }

  /** The program wants to know when what it gave last has gone, or that it never will. */
  certify(connection: Connection<Context>, token: unknown): void {
    if (this.#events.sent === undefined) return
    connection.receipts ??= new Receipts()
    connection.receipts.add(token, connection.takesOutput ? connection.outbox.size : Number.POSITIVE_INFINITY)
    this.mark(connection)
  }

  /** Puts a connection among those to be written at the next flush. */
  mark(connection: Connection<Context>): void {
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
    this.#attempting = true
    for (const connection of batch) this.#attempt(connection)
    for (const transport of this.#transports) transport.flush()
    // Handlers may have taken their time since the turn began, and timeouts count from the write.
    this.#time.pass()
    for (const connection of batch) this.#settle(connection)
    for (const transport of this.#transports) transport.stage.reset()
    this.#attempting = false
    for (const connection of batch) this.#wrote(connection)
    batch.length = 0
    this.#batch = batch
  }

  #take(
    connection: Connection<Context>,
    chunk: Chunk,
    input: Uint8Array | undefined,
    lendable: boolean,
  ): void {
    const size = sizeOf(chunk)
    if (size === 0 || !connection.takesOutput) return
    const { outbox, limits, transport } = connection
    if (outbox.size + size > limits.maxPending) return this.#overflow(connection, size)
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
    } else if (lendable && typeof chunk !== 'string' && this.#events.prewrite === undefined) {
      outbox.lend(plainView(chunk), 0, size)
      this.#urgent = true
    } else outbox.append(chunk, size)
    this.mark(connection)
  }

  /** A datagram is a run of the outbox of its own, whatever the pieces it came in. */
  #takeDatagram(connection: Connection<Context>, out: Chunk | readonly Chunk[]): void {
    if (!connection.takesOutput) return
    const bytes = bytesOf(out)
    if (bytes === undefined) return
    const { outbox, limits } = connection
    if (outbox.size + bytes.length > limits.maxPending) return this.#overflow(connection, bytes.length)
    outbox.give(bytes)
    // At once and not behind the flush: many datagrams may be answered before that.
    if (connection.blocked || outbox.size > limits.highWaterMark) connection.regulate()
    if (!connection.blocked) this.mark(connection)
  }

  #overflow(connection: Connection<Context>, size: number): void {
    const { outbox, limits } = connection
    connection.error = new RevioError(
      'ENOBUFS',
      `connection ${connection.id}: ${size} bytes more than the ${outbox.size} unsent ones would pass maxPending, ${limits.maxPending}`,
    )
    this.#ending.abort(connection)
  }

  #attempt(connection: Connection<Context>): void {
    connection.dirty = false
    if (connection.outbox.empty || connection.blocked) return
    if (this.#events.prewrite !== undefined) {
      try {
        const action = this.#events.prewrite(connection.id, connection.outbox.size, connection.context)
        this.#ending.act(connection, asAction(action, 'prewrite'))
      } catch (thrown) {
        this.#ending.threw(connection, thrown, { atOnce: true })
      }
    }
    if (connection.outbox.empty) return
    connection.offered = true
    connection.link.write(connection.outbox)
  }

  #settle(connection: Connection<Context>): void {
    if (!connection.offered) return
    const { link, outbox } = connection
    outbox.settle(connection.aborted ? 0 : link.taken)
    connection.receipts?.took(link.taken)
    const blocked = !outbox.empty
    if (link.taken > 0 && connection.limits.idleTimeout > 0) connection.touched = this.#time.now
    if (blocked && (link.taken > 0 || !connection.blocked)) connection.progress = this.#time.now
    connection.blocked = blocked
  }

  #wrote(connection: Connection<Context>): void {
    const { link, outbox, offered } = connection
    if (offered) {
      connection.offered = false
      if (this.#events.postwrite !== undefined) {
        try {
          const action = this.#events.postwrite(connection.id, link.taken, outbox.size, connection.context)
          this.#ending.act(connection, asAction(action, 'postwrite'))
        } catch (thrown) {
          this.#ending.threw(connection, thrown, { atOnce: true })
        }
      }
      if (link.failure !== undefined) this.#ending.broke(connection, link.failure)
    }
    if (connection.receipts !== undefined) this.#ending.acknowledge(connection, connection.receipts)
    this.#advance(connection)
  }

  /** What a changed outbox allows: the end that was waiting for it, or reading on. */
  #advance(connection: Connection<Context>): void {
    this.#ending.advance(connection)
    if (connection.phase >= Phase.Lingering) return
    connection.regulate()
    if (connection.blocked) this.#timeouts.watch(connection)
  }
}
