import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { Duplex } from 'node:stream'
import { Outbox } from '../transport/outbox.js'
import type { Link } from '../transport/transport.js'

type Done = (error?: Error | null) => void

/** The buffer size in each direction. The wire stops reading while more than this waits to be written. */
const ROOM = 64 * 1024

/** A link as a stream of its bytes, for a layer that reads and writes a stream. */
export class Wire extends Duplex {
  failure: Error | undefined
  /** The end has been sent. */
  ended = false
  /** Called when there is something to flush, or when the end has been sent. */
  onWritten: () => void = () => {}
  readonly #link: Link
  readonly #outbox = new Outbox()
  #done: Done | undefined
  #offered = false
  #blocked = false
  #hungry = true
  #reading = true
  /** The link below is detached or closed. */
  #left = false
  /** Carries the bytes after a detach. */
  #socket: net.Socket | undefined

  constructor(link: Link) {
    super({ allowHalfOpen: true, highWaterMark: ROOM })
    this.#link = link
  }

  // For the layer that reads and writes it. /////////////////////////////////////////////////////////////////////////

  override _read(): void {
    this.#hungry = true
    this.#regulate()
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#socket !== undefined) this.#socket.write(bytes, done)
    else this.#put([bytes], done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    const pieces = chunks.map(({ chunk }) => chunk)
    if (this.#socket !== undefined) this.#socket.write(Buffer.concat(pieces), done)
    else this.#put(pieces, done)
  }

  override _final(done: Done): void {
    this.#finish()
    done()
  }

  /** A layer that destroys its wire without an error still gets its last output sent. */
  override _destroy(error: Error | null, done: Done): void {
    if (error === null && this.#outbox.size === 0) this.#finish()
    done(error)
  }

  // For the link above. /////////////////////////////////////////////////////////////////////////////////////////////

  /** Holds bytes that the link below has not taken. */
  get unsent(): boolean {
    return this.#outbox.size > 0
  }

  get wantsWrite(): boolean {
    if (this.failure !== undefined || this.#left) return false
    return this.#outbox.size > 0 ? !this.#blocked : this.#link.wantsWrite === true
  }

  /** Takes bytes from the link, in memory that the transport does not reuse. */
  feed(bytes: Buffer): void {
    // Discards what arrives after the layer stopped reading, so that the end can follow.
    if (this.destroyed || this.readableEnded) return
    this.#hungry = this.push(bytes)
    this.#regulate()
  }

  feedEnd(): void {
    if (!this.destroyed) this.push(null)
  }

  /** The link can take more. */
  unblock(): void {
    this.#blocked = false
  }

  /** Offers the output to the link below, inside a flush. */
  flush(): void {
    if (!this.wantsWrite) return
    this.#offered = true
    this.#link.write(this.#outbox)
  }

  /** Reads the outcome of the offer, after the flush. */
  settle(): void {
    if (!this.#offered) return
    this.#offered = false
    const { taken, failure } = this.#link
    this.#outbox.settle(taken)
    this.failure ??= failure
    if (this.failure !== undefined) return this.#outbox.clear()
    this.#blocked = this.#outbox.size > 0 && this.#link.wantsWrite !== true
    if (this.#outbox.size === 0) this.#written()
  }

  /** Stops using the link below. */
  leave(): void {
    this.#left = true
    this.#outbox.clear()
  }

  /** Carries on over a socket. */
  adopt(socket: net.Socket): void {
    this.#socket = socket
    socket.on('data', bytes => {
      if (!this.push(bytes)) socket.pause()
    })
    if (socket.readableEnded) this.push(null)
    else socket.on('end', () => this.push(null))
    socket.on('error', error => this.destroy(error))
    // An error here may have no other listener, and must not end the process.
    this.on('error', error => socket.destroy(error))
    this.on('close', () => socket.destroy())
  }

  /** `done` runs once everything is written: until then the pieces must not change. */
  #put(pieces: readonly Buffer[], done: Done): void {
    for (const bytes of pieces) if (bytes.length > 0) this.#outbox.give(bytes)
    this.#done = done
    if (this.#outbox.size === 0) this.#written()
    else this.onWritten()
  }

  #written(): void {
    const done = this.#done
    this.#done = undefined
    done?.()
    if (this.destroyed) this.#finish()
    else this.#regulate()
  }

  #finish(): void {
    if (this.ended) return
    this.ended = true
    if (this.#socket !== undefined) this.#socket.end()
    else if (!this.#left) this.#link.end()
    this.onWritten()
  }

  /** Reads while both directions have room. */
  #regulate(): void {
    const wanted = this.#hungry && this.writableLength <= ROOM
    if (this.#socket !== undefined) this.#socket.resume()
    else if (this.#reading !== wanted && !this.#left) {
      this.#reading = wanted
      this.#link.read(wanted)
    }
  }
}
