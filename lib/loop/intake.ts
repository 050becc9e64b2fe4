import { Buffer } from 'node:buffer'
import { copyOf, isBytes, lengthOf, plainView } from '../bytes.js'
import { RevioError } from '../errors.js'
import type { Chunk, Out } from '../events.js'
import type { FileRegion } from '../file-region.js'
import type { Connection } from './connection.js'
import { Count, type Counters } from './counters.js'
import { Files } from './files.js'
import { bytesOf, isList, sizeOf } from './reply.js'

/** From this size on, a piece of output is written in place at once instead of being copied. */
const LARGE = 32 * 1024

/** Writes accepted output. */
export interface Flusher {
  /** Between the attempts of a flush: output staged now would be lost at its end. */
  readonly attempting: boolean
  /** The program's memory has been lent: it must be written before the next handler runs. */
  urgent: boolean
  /** Adds a connection to those to be written at the next flush. */
  mark(connection: Connection): void
  /** Discards pending output; the peer learns that it hasn't received everything. */
  giveUp(connection: Connection, error: Error): void
}

/** Appends output to connections' outboxes, each piece in the cheapest way. */
export class Intake {
  readonly #flusher: Flusher
  readonly #counters: Counters
  /** The current output found an empty outbox, and is accepted whatever its size. */
  #first = false
  /** Unsent bytes before the current output. */
  #before = 0
  /** What was shared last, and the view of it that outboxes have. */
  #viewed: Uint8Array | undefined
  #view: Uint8Array | undefined

  constructor(flusher: Flusher, counters: Counters) {
    this.#flusher = flusher
    this.#counters = counters
  }

  /**
   * Appends output that a handler returned, before another handler runs. `input` is the handler's input if the loop
   * reuses its memory.
   */
  reply(connection: Connection, out: Out, input: Uint8Array | undefined): void {
    this.#append(connection, out, input, true)
  }

  /** Appends output from anywhere; the caller may reuse its memory when this returns. */
  send(connection: Connection, out: Out): void {
    this.#append(connection, out, undefined, false)
  }

  /** Appends output that never changes, so it is neither copied nor owned. */
  share(connection: Connection, out: Out): void {
    if (out === null || out === undefined) return
    if (connection.transport.datagrams) return this.send(connection, out)
    this.#begin(connection)
    if (isList(out)) for (const chunk of out) this.#shareChunk(connection, chunk)
    else this.#shareChunk(connection, out)
  }

  #append(connection: Connection, out: Out, input: Uint8Array | undefined, lendable: boolean): void {
    if (out === null || out === undefined) return
    this.#begin(connection)
    if (connection.transport.datagrams) this.#takeDatagram(connection, out)
    else if (isList(out)) for (const chunk of out) this.#takeChunk(connection, chunk, input, lendable)
    else this.#takeChunk(connection, out, input, lendable)
  }

  #begin({ unsent, limits }: Connection): void {
    this.#before = unsent
    this.#first = unsent === 0 && limits.maxPending > 0
  }

  #takeChunk(connection: Connection, chunk: Chunk, input: Uint8Array | undefined, lendable: boolean): void {
    if (typeof chunk === 'string' || isBytes(chunk)) this.#take(connection, chunk, input, lendable)
    else this.#takeFile(connection, chunk)
  }

  #take(
    connection: Connection,
    chunk: Uint8Array | string,
    input: Uint8Array | undefined,
    lendable: boolean,
  ): void {
    const size = sizeOf(chunk)
    if (size === 0 || !connection.takesOutput) return
    const { outbox, transport } = connection
    if (!this.#fits(connection, size)) return
    if (connection.files !== undefined) {
      connection.files.addBytes(typeof chunk === 'string' ? Buffer.from(chunk) : copyOf(chunk))
      return connection.regulate()
    }
    if (connection.blocked) {
      if (chunk === input && !transport.sharesInput) outbox.give(input)
      else outbox.append(chunk, size)
      return connection.regulate()
    }
    if (chunk === input) {
      if (transport.sharesInput) outbox.lend(input, 0, size)
      else outbox.give(input)
    } else if (size < LARGE && size <= transport.stage.room && !this.#flusher.attempting) {
      const start = transport.stage.put(chunk, size)
      outbox.lend(transport.stage.bytes, start, start + size)
    } else if (lendable && typeof chunk !== 'string' && connection.handlers.prewrite === undefined) {
      outbox.lend(plainView(chunk), 0, size)
      this.#flusher.urgent = true
    } else outbox.append(chunk, size)
    this.#flusher.mark(connection)
  }

  #shareChunk(connection: Connection, chunk: Chunk): void {
    if (isBytes(chunk)) this.#share(connection, chunk)
    else this.#takeChunk(connection, chunk, undefined, false)
  }

  #share(connection: Connection, bytes: Uint8Array): void {
    const size = lengthOf(bytes)
    if (size === 0 || !connection.takesOutput) return
    if (!this.#fits(connection, size)) return
    const view = this.#viewOf(bytes, size)
    if (connection.files === undefined) connection.outbox.share(view)
    else connection.files.addBytes(copyOf(view))
    if (connection.blocked) connection.regulate()
    else this.#flusher.mark(connection)
  }

  /** Drops the view of the memory that was shared last. */
  forget(): void {
    this.#viewed = undefined
    this.#view = undefined
  }

  /** Returns one view for output that goes to many connections. */
  #viewOf(bytes: Uint8Array, size: number): Uint8Array {
    const view = this.#view
    if (view !== undefined && bytes === this.#viewed && lengthOf(view) === size) return view
    this.#viewed = bytes
    this.#view = plainView(bytes)
    return this.#view
  }

  #takeFile(connection: Connection, region: FileRegion): void {
    region.give()
    const { length } = region
    if (!connection.takesOutput || length === 0 || !this.#fits(connection, length)) return region.release()
    connection.files ??= new Files()
    connection.files.addFile(region)
    if (connection.blocked) connection.regulate()
    else this.#flusher.mark(connection)
  }

  /** A datagram is a separate run of the outbox, however many pieces it had. */
  #takeDatagram(connection: Connection, out: Chunk | readonly Chunk[]): void {
    if (!connection.takesOutput) return
    const bytes = bytesOf(out)
    if (bytes === undefined) return
    const { outbox, limits } = connection
    if (!this.#fits(connection, bytes.length)) return
    outbox.give(bytes)
    // At once rather than after the flush: many datagrams may be answered before that.
    if (connection.blocked || outbox.size > limits.highWaterMark) connection.regulate()
    if (!connection.blocked) this.#flusher.mark(connection)
  }

  /** Counts bytes as accepted; if they exceed `maxPending`, all pending output is discarded. */
  #fits(connection: Connection, size: number): boolean {
    const { unsent, limits, id } = connection
    if (this.#first || unsent + size <= limits.maxPending) {
      this.#counters.add(Count.queued, size)
      return true
    }
    const message = `connection ${id}: ${size} more bytes, with ${unsent} unsent, exceed maxPending, ${limits.maxPending}`
    this.#flusher.giveUp(connection, new RevioError('ENOBUFS', message))
    // A list is refused as a whole: what of it was appended already was never pending.
    connection.discarded = this.#before
    return false
  }
}
