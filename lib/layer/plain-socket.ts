import * as net from 'node:net'
import type { Readable, Writable } from 'node:stream'

type Done = (error?: Error | null) => void

/** What a detached connection consists of. */
export interface PlainSocketOptions {
  /** Has the plain bytes of the peer. */
  readonly source: Readable
  /** Takes those for it. */
  readonly sink: Writable
  /** Has the connection; the plain socket shows the same addresses, and goes when this goes. */
  readonly carrier: net.Socket
  /** Plain bytes that come first. */
  readonly unread: readonly Uint8Array[]
}

/** A translated connection that was detached: a `net.Socket` of its plain bytes. */
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
    // A socket knows by its descriptor that it is connected; this one has none.
    Object.defineProperty(this, 'pending', { get: () => carrier.pending })
    for (const bytes of unread) this.push(bytes)
    source.on('readable', () => this.#pull())
    // While the last of the output was on its way, the end may have come.
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
