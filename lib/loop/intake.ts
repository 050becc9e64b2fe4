import { Buffer } from 'node:buffer'
import { copyOf, isBytes, plainView } from '../bytes.js'
import { RevioError } from '../errors.js'
import type { Chunk, Out } from '../events.js'
import type { FileRegion } from '../file-region.js'
import type { Connection } from './connection.js'
import { Count, type Counters } from './counters.js'
import { Files } from './files.js'
import { bytesOf, isList, sizeOf } from './reply.js'

/** From this size a piece of output is written from where it lies, at once, instead of being gathered. */
const LARGE = 32 * 1024

/** What writes the output that has been taken. */
export interface Flusher {
  /** Between the attempts of a flush: what is staged now would be lost at its end. */
  readonly attempting: boolean
  /** Memory of the program's own has been lent: it is written before the next handler runs. */
  urgent: boolean
  /** Puts a connection among those to be written at the next flush. */
  mark(connection: Connection): void
  /** What is pending is given up, and the peer learns that not everything reached it. */
  giveUp(connection: Connection, error: Error): void
}

/** Takes output into the outboxes of connections, each piece in the way that costs least. */
export class Intake {
  readonly #flusher: Flusher
  readonly #counters: Counters
  /** The output that is being taken met an empty outbox, and is taken whatever its size. */
  #first = false

  constructor(flusher: Flusher, counters: Counters) {
    this.#flusher = flusher
    this.#counters = counters
  }

  /**
   * Appends output that a handler returned, before another handler runs. `input` is what the handler was given, where
   * that is the loop's again.
   */
  reply(connection: Connection, out: Out, input: Uint8Array | undefined): void {
    this.#append(connection, out, input, true)
  }

  /** Appends output from anywhere; its memory is the caller's again when this returns. */
  send(connection: Connection, out: Out): void {
    this.#append(connection, out, undefined, false)
  }

  /** Appends output that stays as it is, so that it is neither copied nor anybody's alone. */
  share(connection: Connection, out: Out): void {
    if (out === null || out === undefined) return
    if (connection.transport.datagrams) return this.send(connection, out)
    this.#begin(connection)
    for (const chunk of isList(out) ? out : [out]) {
      if (isBytes(chunk)) this.#share(connection, chunk)
      else this.#takeChunk(connection, chunk, undefined, false)
    }
  }

  #append(connection: Connection, out: Out, input: Uint8Array | undefined, lendable: boolean): void {
    if (out === null || out === undefined) return
    this.#begin(connection)
    if (connection.transport.datagrams) this.#takeDatagram(connection, out)
    else if (isList(out)) for (const chunk of out) this.#takeChunk(connection, chunk, input, lendable)
    else this.#takeChunk(connection, out, input, lendable)
  }

  #begin({ unsent, limits }: Connection): void {
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

  #share(connection: Connection, bytes: Uint8Array): void {
    const size = sizeOf(bytes)
    if (size === 0 || !connection.takesOutput) return
    if (!this.#fits(connection, size)) return
    if (connection.files === undefined) connection.outbox.give(plainView(bytes))
    else connection.files.addBytes(plainView(bytes))
    if (connection.blocked) connection.regulate()
    else this.#flusher.mark(connection)
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

  /** A datagram is a run of the outbox of its own, whatever the pieces it came in. */
  #takeDatagram(connection: Connection, out: Chunk | readonly Chunk[]): void {
    if (!connection.takesOutput) return
    const bytes = bytesOf(out)
    if (bytes === undefined) return
    const { outbox, limits } = connection
    if (!this.#fits(connection, bytes.length)) return
    outbox.give(bytes)
    // At once and not behind the flush: many datagrams may be answered before that.
    if (connection.blocked || outbox.size > limits.highWaterMark) connection.regulate()
    if (!connection.blocked) this.#flusher.mark(connection)
  }

  /** Counts so many bytes as taken; where they pass `maxPending`, all that is pending is given up. */
  #fits(connection: Connection, size: number): boolean {
    const { unsent, limits, id } = connection
    if (this.#first || unsent + size <= limits.maxPending) {
      this.#counters.add(Count.queued, size)
      return true
    }
    const message = `connection ${id}: ${size} bytes more than the ${unsent} unsent ones would pass maxPending, ${limits.maxPending}`
    this.#flusher.giveUp(connection, new RevioError('ENOBUFS', message))
    return false
  }
}
