import * as net from 'node:net'
import type { Readable, Writable } from 'node:stream'

type Done = (error?: Error | null) => void

/** A translated connection that was detached: a `net.Socket` of its plain bytes. */
export class PlainSocket extends net.Socket {
  readonly #streams: Iterable<Readable | Writable>
  readonly #source: Readable
  readonly #sink: Writable
  #wanted = false

  /** `carrier` is the socket that has the connection; this one shows the same addresses. */
  constructor(streams: Iterable<Readable | Writable>, source: Readable, sink: Writable, carrier: net.Socket) {
    super({ allowHalfOpen: true })
    this.#streams = streams
    this.#source = source
    this.#sink = sink
    for (const name of ADDRESSES) {
      Object.defineProperty(this, name, { value: carrier[name], enumerable: true })
    }
    // A socket knows by its descriptor that it is connected; this one has none.
    Object.defineProperty(this, 'pending', { get: () => carrier.pending })
    source.on('readable', () => this.#pull())
    // While the last of the output was on its way, the end may have come.
    if (source.readableEnded) this.push(null)
    else source.on('end', () => this.push(null))
    for (const stream of streams) stream.on('error', error => this.destroy(error))
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
