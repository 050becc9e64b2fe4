import type * as net from 'node:net'
import type { Duplex } from 'node:stream'
import { asError, RevioError } from '../errors.js'
import { Wire } from './wire.js'

/** The streams of a layer, and the bytes that are still inside them. */
export class Streams {
  /** The layer's wire: a `Wire` on the link below, or the link's own socket. */
  readonly wire: Wire | net.Socket
  /** Provides the plain bytes from the peer. */
  readonly source: Duplex
  /** Takes the plain bytes for the peer. */
  readonly sink: Duplex
  /** The streams to destroy with the layer: all except a wire that is a socket. */
  readonly own: readonly Duplex[]

  /** A pair must still be joined; a layer of one stream already reads and writes its wire. */
  constructor(wire: Wire | net.Socket, source: Duplex, sink: Duplex) {
    this.wire = wire
    this.source = source
    this.sink = sink
    this.own = [...new Set([source, sink, wire instanceof Wire ? wire : source])]
  }

  /** Pipes the wire through a pair. Unlike `pipe`, this catches what a stream throws from `write`. */
  join(failed: (error: Error) => void): void {
    const { wire, source, sink } = this
    wire.on('data', (bytes: Buffer) => {
      try {
        if (!source.write(bytes)) wire.pause()
      } catch (thrown) {
        failed(asError(thrown, 'decode'))
      }
    })
    wire.on('end', () => source.end())
    source.on('drain', () => wire.resume())
    sink.pipe(wire)
  }

  /** The streams hold no output. */
  get outputQuiet(): boolean {
    const { wire, source, sink } = this
    if (sink.writableLength > 0 || wire.writableLength > 0 || isBroken(sink) || isBroken(wire)) return false
    return sink === source || sink.readableLength === 0
  }

  /** The streams hold no input from the wire. */
  get inputQuiet(): boolean {
    const { wire, source, sink } = this
    if (source.readableEnded || source.destroyed) return true
    if (wire.readableLength > 0 || source.readableLength > 0) return false
    return source === sink || source.writableLength === 0
  }

  /** Both directions have ended. */
  get done(): boolean {
    return this.source.readableEnded && this.sink.writableFinished
  }

  /** A stream was destroyed before it, or the whole layer, had ended. */
  get destroyedEarly(): boolean {
    if (this.done) return false
    return [this.source, this.sink, this.wire].some(
      stream => stream.destroyed && !(stream.readableEnded && stream.writableFinished),
    )
  }

  /** Why the layer failed. */
  get failure(): Error {
    for (const { errored } of [this.source, this.sink, this.wire]) if (errored) return errored
    return new RevioError('ECONNABORTED', 'the layer was destroyed or ended too early')
  }
}

/** The stream failed or was destroyed, and may have lost output. */
function isBroken(stream: Duplex): boolean {
  return Boolean(stream.errored) || (stream.destroyed && !stream.writableFinished)
}
