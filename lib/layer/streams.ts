import type * as net from 'node:net'
import type { Duplex } from 'node:stream'
import { asError, RevioError } from '../errors.js'
import { Wire } from './wire.js'

/** The streams of a layer, and what is still on its way in them. */
export class Streams {
  /** What the layer has as its wire: one of ours, or the socket itself. */
  readonly wire: Wire | net.Socket
  /** Has the plain bytes of the peer. */
  readonly source: Duplex
  /** Takes the plain bytes for it. */
  readonly sink: Duplex
  /** Those that go with the layer: all but a wire that is a socket. */
  readonly own: readonly Duplex[]

  /** A pair is not joined yet; a layer that is one stream has taken hold of its wire. */
  constructor(wire: Wire | net.Socket, source: Duplex, sink: Duplex) {
    this.wire = wire
    this.source = source
    this.sink = sink
    this.own = [...new Set([source, sink, wire instanceof Wire ? wire : source])]
  }

  /** Leads the bytes of the wire through a pair. Other than with `pipe`, what a stream throws when it is written is seen. */
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

  /** There are no bytes that are to go out. */
  get outputQuiet(): boolean {
    const { wire, source, sink } = this
    if (sink.writableLength > 0 || wire.writableLength > 0 || isBroken(sink) || isBroken(wire)) return false
    return sink === source || sink.readableLength === 0
  }

  /** Nothing that came over the wire is still to be read. */
  get inputQuiet(): boolean {
    const { wire, source, sink } = this
    if (source.readableEnded || source.destroyed) return true
    if (wire.readableLength > 0 || source.readableLength > 0) return false
    return source === sink || source.writableLength === 0
  }

  /** Both directions have come to their end. */
  get done(): boolean {
    return this.source.readableEnded && this.sink.writableFinished
  }

  /** One has been destroyed before it, or the whole layer, had ended. */
  get destroyedEarly(): boolean {
    if (this.done) return false
    return [this.source, this.sink, this.wire].some(
      stream => stream.destroyed && !(stream.readableEnded && stream.writableFinished),
    )
  }

  /** Why the layer goes no further. */
  get failure(): Error {
    for (const { errored } of [this.source, this.sink, this.wire]) if (errored) return errored
    return new RevioError('ECONNABORTED', 'the layer was destroyed or ended too early')
  }
}

/** Failed, or destroyed, with output that may have got lost. */
function isBroken(stream: Duplex): boolean {
  return Boolean(stream.errored) || (stream.destroyed && !stream.writableFinished)
}
