import * as net from 'node:net'
import type { Readable, Writable } from 'node:stream'

type Done = (error?: Error | null) => void

/** The parts of a detached connection. */
export interface PlainSocketOptions {
  /** Provides the plain bytes from the peer. */
  readonly source: Readable
  /** Takes the plain bytes for the peer. */
  readonly sink: Writable
  /** The socket below the layer. The plain socket shows its addresses, and is destroyed with it. */
  readonly carrier: net.Socket
  /** Plain bytes to read before those of `source`. */
  readonly unread: readonly Uint8Array[]
}

/** A detached connection with a layer, as a `net.Socket` of its plain bytes. */
export class PlainSocket extends net.Socket {
  readonly #streams: readonly (Readable | Writable)[]
  readonly #source: Readable
  readonly #sink: Writable
  #wanted = false

  constructor({ source, sink, carrier, unread }: PlainSocketOptions) {
    super({ allowHalfOpen: true })
    this.#streams = [source, sink, carrier]
    this.#source = source
    this.#sink = sink
    for (const name of ADDRESSES) {
      Object.defineProperty(this, name, { value: carrier[name], enumerable: true })
    }
    // A `net.Socket` derives `pending` from its handle, and this one has no handle.
    Object.defineProperty(this, 'pending', { get: () => carrier.pending })
    for (const bytes of unread) this.push(bytes)
    source.on('readable', () => this.#pull())
    // The end may have arrived while the last output was written.
    if (source.readableEnded) this.push(null)
    else source.on('end', () => this.push(null))
    for (const stream of this.#streams) stream.on('error', error => this.destroy(error))
  }

  override _read(): void {
    this.#wanted = true
    this.#pull()
  }

  override _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: Done): void {
    this.#sink.write(chunk, encoding, done)
  }

  override _writev(chunks: { chunk: Uint8Array | string; encoding: BufferEncoding }[], done: Done): void {
    const bytes = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    )
    this.#sink.write(Buffer.concat(bytes), done)
  }

  override _final(done: Done): void {
    this.#sink.end(done)
  }

  override _destroy(error: Error | null, done: Done): void {
    for (const stream of this.#streams) stream.destroy()
    super._destroy(error, done)
  }

  #pull(): void {
    while (this.#wanted) {
      const bytes: unknown = this.#source.read()
      if (bytes === null) return
      this.#wanted = this.push(bytes)
    }
  }
}

const ADDRESSES = [
  'localAddress',
  'localPort',
  'localFamily',
  'remoteAddress',
  'remotePort',
  'remoteFamily',
] as const
