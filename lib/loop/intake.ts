import { Buffer } from 'node:buffer'
import { copyOf, isBytes, plainView } from '../bytes.js'
import { RevioError } from '../errors.js'
import type { Chunk, Out } from '../events.js'
import { FileRegion } from '../file-region.js'
import type { Connection } from './connection.js'
import { Count } from './counters.js'
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
  readonly #counts: Float64Array
  /** The output that is being taken met an empty outbox, and is taken whatever its size. */
  #first = false

  constructor(flusher: Flusher, counts: Float64Array) {
    this.#flusher = flusher
    this.#counts = counts
  }

  /**
   * Appends output that a handler returned, before another handler runs. `input` is what the handler was given, where
   * that is the loop's again.
   */
  reply(connection: Connection, out: Out, input: Uint8Array | undefined): void {
    if (out === null || out === undefined) return
    this.#first = connection.unsent === 0 && connection.limits.maxPending > 0
    if (connection.transport.datagrams) this.#takeDatagram(connection, out)
    else if (typeof out === 'string' || isBytes(out)) this.#take(connection, out, input, true)
    else if (out instanceof FileRegion) this.#takeFile(connection, out)
    else for (const chunk of out) this.#takeChunk(connection, chunk, input, true)
  }

  /** Appends output from anywhere; its memory is the caller's again when this returns. */
  send(connection: Connection, out: Out): void {
    if (out === null || out === undefined) return
    this.#first = connection.unsent === 0 && connection.limits.maxPending > 0
    if (connection.transport.datagrams) this.#takeDatagram(connection, out)
    else if (typeof out === 'string' || isBytes(out)) this.#take(connection, out, undefined, false)
    else if (out instanceof FileRegion) this.#takeFile(connection, out)
    else for (const chunk of out) this.#takeChunk(connection, chunk, undefined, false)
  }

  /** Appends output that stays as it is, so that it is neither copied nor anybody's alone. */
  share(connection: Connection, out: Out): void {
    if (out === null || out === undefined) return
    if (connection.transport.datagrams) return this.send(connection, out)
    this.#first = connection.unsent === 0 && connection.limits.maxPending > 0
    for (const chunk of isList(out) ? out : [out]) {
      if (isBytes(chunk)) this.#share(connection, chunk)
      else this.#takeChunk(connection, chunk, undefined, false)
    }
  }

  #takeChunk(connection: Connection, chunk: Chunk, input: Uint8Array | undefined, lendable: boolean): void {
    if (chunk instanceof FileRegion) this.#takeFile(connection, chunk)
    else this.#take(connection, chunk, input, lendable)
  }

  #take(
    connection: Connection,
    chunk: Uint8Array | string,
    input: Uint8Array | undefined,
    lendable: boolean,
  ): void {
    const size = sizeOf(chunk)
    if (size === 0 || !connection.takesOutput) return
    const { outbox, limits, transport } = connection
    if (!this.#first && connection.unsent + size > limits.maxPending) return this.#overflow(connection, size)
    this.#count(Count.queued, size)
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
    const { outbox, limits } = connection
    if (!this.#first && connection.unsent + size > limits.maxPending) return this.#overflow(connection, size)
    this.#count(Count.queued, size)
    if (connection.files === undefined) outbox.give(plainView(bytes))
    else connection.files.addBytes(plainView(bytes))
    if (connection.blocked) connection.regulate()
    else this.#flusher.mark(connection)
  }

  #takeFile(connection: Connection, region: FileRegion): void {
    region.give()
    const { limits } = connection
    if (!connection.takesOutput || region.length === 0) return region.release()
    if (!this.#first && connection.unsent + region.length > limits.maxPending) {
      region.release()
      return this.#overflow(connection, region.length)
    }
    this.#count(Count.queued, region.length)
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
    if (!this.#first && outbox.size + bytes.length > limits.maxPending) {
      return this.#overflow(connection, bytes.length)
    }
    this.#count(Count.queued, bytes.length)
    outbox.give(bytes)
    // At once and not behind the flush: many datagrams may be answered before that.
    if (connection.blocked || outbox.size > limits.highWaterMark) connection.regulate()
    if (!connection.blocked) this.#flusher.mark(connection)
  }

  #overflow(connection: Connection, size: number): void {
    const { unsent, limits, id } = connection
    const message = `connection ${id}: ${size} bytes more than the ${unsent} unsent ones would pass maxPending, ${limits.maxPending}`
    this.#flusher.giveUp(connection, new RevioError('ENOBUFS', message))
  }

  #count(count: number, amount: number): void {
    const counts = this.#counts
    counts[count] = (counts[count] as number) + amount
  }
}
