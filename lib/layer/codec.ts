import type { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { RevioError } from '../errors.js'
import { PlainSocket } from './plain-socket.js'
import type { Wire } from './wire.js'

/** Two streams of which one makes plain bytes of those on the wire, and the other the reverse. */
export interface Pair {
  readonly decode: Duplex
  readonly encode: Duplex
}

/** What translates one connection: a stream that reads and writes the wire it was given, or a pair. */
export type Layer = Duplex | Pair

/** Who hears of a codec. */
export interface CodecListener {
  /** There is something to read, or there will never be. */
  readable(): void
  /** Bytes went on their way: what waited for that may go on. */
  moved(): void
  failed(error: Error): void
}

/** A layer on its wire: `source` has the plain bytes of the peer, and `sink` takes those for it. */
export class Codec {
  readonly source: Duplex
  readonly sink: Duplex
  readonly #wire: Wire
  readonly #pair: Pair | undefined
  readonly #listener: CodecListener
  #inputEnded = false
  /** The streams are another's, or nobody's. */
  #over = false

  /** @throws `ERR_OPTION` when `layer` is none. */
  constructor(wire: Wire, layer: Layer, listener: CodecListener) {
    this.#wire = wire
    this.#listener = listener
    if (layer instanceof Duplex) {
      this.source = layer
      this.sink = layer
    } else if (isPair(layer)) {
      this.#pair = layer
      this.source = layer.decode
      this.sink = layer.encode
      this.#join(layer)
    } else {
      throw new RevioError('ERR_OPTION', 'translate: a Duplex or { decode, encode } has to be wrapped around')
    }
    this.source.on('readable', this.#onReadable)
    this.source.on('end', this.#onEnd)
    for (const stream of this.#streams) {
      stream.on('error', this.#onError)
      stream.on('close', () => this.#closed(stream))
    }
  }

  /** Input that has not become plain bytes yet, plain bytes that have not been read, an end that has not come. */
  get inputPending(): boolean {
    const { source } = this
    if (source.readableLength > 0 || this.#wire.readableLength > 0) return true
    if (this.#pair !== undefined && this.#pair.decode.writableLength > 0) return true
    return this.#inputEnded && !source.readableEnded
  }

  /** Bytes of output that have not come to the wire, translated or not. */
  get outputPending(): number {
    return this.sink.writableLength + this.outputTranslated
  }

  /** Those of them that are translated. */
  get outputTranslated(): number {
    return (
      (this.#pair?.encode.readableLength ?? 0) + (this.sink === this.#wire ? 0 : this.#wire.writableLength)
    )
  }

  /** Bytes came over the wire; they are the codec's from now on. */
  feed(bytes: Buffer): void {
    this.#wire.push(bytes)
  }

  /** The peer has sent all it will. */
  feedEnd(): void {
    this.#inputEnded = true
    this.#wire.push(null)
  }

  /** The connection is gone. */
  destroy(): void {
    this.#over = true
    for (const stream of this.#streams) stream.destroy()
  }

  /** The connection goes on at a socket: this is the one for the plain bytes. */
  handOver(socket: net.Socket): net.Socket {
    this.#over = true
    this.#wire.adopt(socket)
    this.source.removeListener('readable', this.#onReadable).removeListener('end', this.#onEnd)
    for (const stream of this.#streams) stream.removeListener('error', this.#onError)
    if (this.source instanceof Socket) return this.source
    return new PlainSocket(this.#streams, this.source, this.sink, socket)
  }

  get #streams(): Set<Duplex> {
    return new Set([this.source, this.sink, this.#wire])
  }

  #join({ decode, encode }: Pair): void {
    const wire = this.#wire
    wire.on('data', bytes => {
      if (!decode.write(bytes, this.#onMove)) wire.pause()
    })
    decode.on('drain', () => wire.resume())
    wire.on('end', () => decode.end())
    encode.on('data', bytes => wire.write(bytes))
    encode.on('end', () => wire.end())
  }

  readonly #onMove = (): void => this.#listener.moved()

  readonly #onEnd = (): void => this.#listener.readable()

  /** What was read at once needs no telling afterwards. The end only shows when there is an attempt to read it. */
  readonly #onReadable = (): void => {
    if (this.source.readableLength > 0) this.#listener.readable()
    else this.source.read(0)
  }

  readonly #onError = (error: Error): void => this.#listener.failed(error)

  #closed(stream: Duplex): void {
    if (this.#over || (stream.readableEnded && stream.writableFinished)) return
    // The wire is often destroyed first, by the one with the error.
    const errors = [...this.#streams].map(({ errored }) => errored)
    const error = errors.find(error => error !== null && error !== undefined)
    this.#listener.failed(error ?? new RevioError('ECONNABORTED', 'the stream that translates was destroyed'))
  }
}

function isPair(layer: unknown): layer is Pair {
  const { decode, encode } = (layer ?? {}) as Partial<Pair>
  return decode instanceof Duplex && encode instanceof Duplex
}
