import { Buffer } from 'node:buffer'
import * as net from 'node:net'
import type { Duplex } from 'node:stream'
import { isBytes } from '../bytes.js'
import { asError, RevioError } from '../errors.js'
import type { Address } from '../events.js'
import { handOver } from '../transport/hand-over.js'
import type { LayeredLink, LayerHost } from '../transport/layering.js'
import type { Outbox } from '../transport/outbox.js'
import { type Link, nobody, type Receiver, type Tuning } from '../transport/transport.js'
import { PlainSocket } from './plain-socket.js'
import { Turns } from './turns.js'
import { Wire } from './wire.js'

/** How much of the output the streams have at a time. Small enough that a slow peer's progress shows. */
const SLICE = 32 * 1024

/** The streams of a layer. */
export interface Streams {
  /** What the layer has as its wire: one of ours, or the socket itself. */
  readonly wire: Wire | net.Socket
  /** Has the plain bytes of the peer. */
  readonly source: Duplex
  /** Takes the plain bytes for it. */
  readonly sink: Duplex
  /** What is told where the streams failed, or where the source ended: undefined for an end in order. */
  readonly verdict?: (error: Error | undefined) => Error | undefined
}

/** A layer of streams, which may take their time. */
export class StreamLink implements LayeredLink, Receiver {
  readonly id: number
  receiver: Receiver = nobody
  wire: Receiver = this
  readonly ownsInput = true
  failure: Error | undefined
  /** It has failed for good: neither direction goes on. */
  over = false
  readonly #raw: Link
  readonly #streams: Streams
  /** The wire, where it is one of ours. */
  readonly #wire: Wire | undefined
  readonly #turns: Turns
  /** How many of the oldest bytes of the connection's outbox the streams have. */
  #ahead = 0
  #taken = 0
  /** There is more output than the streams were given. */
  #more = false
  #unsettled = false
  #ending = false
  /** The link below has failed. */
  #broken: Error | undefined

  constructor(id: number, raw: Link, streams: Streams, host: LayerHost) {
    this.id = id
    this.#raw = raw
    this.#streams = streams
    this.#turns = new Turns(host, this)
    const { wire, source, sink } = streams
    this.#wire = wire instanceof Wire ? wire : undefined
    if (this.#wire !== undefined) this.#wire.onWritten = this.#onProgress
    if (source !== sink) this.#join()
    source.on('data', this.#onData).on('end', this.#onEnd)
    sink.on('finish', this.#onProgress)
    for (const stream of new Set([source, sink, this.#wire ?? source])) {
      stream.on('error', this.#onError).on('close', this.#onClose)
    }
    if (wire !== this.#wire) wire.on('error', this.#onWireError).on('close', this.#onWireClose)
  }

  /** Leads the bytes of the wire through a pair. Other than with `pipe`, what a stream throws when it is written is seen. */
  #join(): void {
    const { wire, source, sink } = this.#streams
    wire.on('data', (bytes: Buffer) => {
      try {
        if (!source.write(bytes)) wire.pause()
      } catch (thrown) {
        this.#fail(asError(thrown, 'decode'))
      }
    })
    wire.on('end', () => source.end())
    source.on('drain', () => wire.resume())
    sink.pipe(wire)
  }

  // Output. /////////////////////////////////////////////////////////////////////////////////////////////////////////

  /** Output counts as taken once the streams and the wire have let go of it. Until then it stays in the outbox. */
  get taken(): number {
    this.#settle()
    return this.#taken
  }

  get wantsWrite(): boolean {
    this.#settle()
    if (this.failure !== undefined) return false
    return (this.#more && this.#ahead === 0) || this.#wire?.wantsWrite === true
  }

  get ending(): boolean {
    if (!this.#ending || this.over) return false
    const { sink, wire } = this.#streams
    const ended = this.#wire?.ended ?? (sink.writableFinished && wire.writableLength === 0)
    return !ended || this.#raw.ending === true
  }

  write(outbox: Outbox): void {
    this.#taken = 0
    this.#unsettled = true
    this.#turns.hold(() => {
      if (this.#ahead === 0 && outbox.size > 0) this.#give(outbox)
      this.#more = outbox.size > this.#ahead
      this.#wire?.flush()
    })
  }

  unacknowledged(): number | undefined {
    return this.#raw.unacknowledged?.()
  }

  end(): void {
    this.#ending = true
    this.#turns.hold(() => this.#streams.sink.end())
    this.receiver.writable()
  }

  #give(outbox: Outbox): void {
    const { sink } = this.#streams
    const size = Math.min(outbox.size, SLICE)
    this.#ahead = size
    try {
      if (!sink.writable) throw this.#destroyed()
      sink.write(outbox.copy(size), this.#onProgress)
    } catch (thrown) {
      this.#fail(asError(thrown, 'encode'))
    }
  }

  #settle(): void {
    if (!this.#unsettled) return
    this.#unsettled = false
    this.#turns.hold(() => this.#wire?.settle())
    this.failure ??= this.#wire?.failure
    if (this.#ahead === 0 || !this.#outputQuiet) return
    this.#taken = this.#ahead
    this.#ahead = 0
  }

  /** Neither the streams nor the wire have bytes that are to go out. */
  get #outputQuiet(): boolean {
    const { wire, source, sink } = this.#streams
    if (sink.writableLength > 0 || wire.writableLength > 0 || broken(sink) || broken(wire)) return false
    return sink === source || sink.readableLength === 0
  }

  // Input: what the link below tells. ///////////////////////////////////////////////////////////////////////////////

  input(bytes: Buffer): void {
    const own = this.#raw.ownsInput === true ? bytes : Buffer.from(bytes)
    this.#turns.within(() => this.#wire?.feed(own))
  }

  ended(): void {
    this.#turns.within(() => this.#wire?.feedEnd())
  }

  /** What came before is delivered first, wanted or not. The output fails at once, which bounds how long that takes. */
  failed(error: Error): void {
    if (this.over || this.#broken !== undefined) return
    this.#broken = error
    this.#streams.source.resume()
    if (this.#inputQuiet) return this.#fail(error)
    this.failure ??= error
    this.#turns.poke()
    setImmediate(this.#awaitInput)
  }

  writable(): void {
    this.#wire?.unblock()
    this.receiver.writable()
  }

  readonly #awaitInput = (): void => {
    if (this.over) return
    if (this.#inputQuiet) this.#fail(this.#destroyed())
    else setImmediate(this.#awaitInput)
  }

  /** Nothing that came over the wire is still on its way. */
  get #inputQuiet(): boolean {
    const { wire, source, sink } = this.#streams
    if (!this.#turns.idle) return false
    if (source.readableEnded || source.destroyed) return true
    return (
      wire.readableLength === 0 &&
      source.readableLength === 0 &&
      (source === sink || source.writableLength === 0)
    )
  }

  // What the streams tell. //////////////////////////////////////////////////////////////////////////////////////////

  readonly #onData = (bytes: unknown): void => {
    if (this.over) return
    if (isBytes(bytes) || typeof bytes === 'string') return this.#turns.tell(asBuffer(bytes))
    this.#fail(new RevioError('ERR_REPLY', `translate: a layer gave a ${typeof bytes}, and no bytes`))
  }

  readonly #onEnd = (): void => {
    if (this.over) return
    const fault = this.#streams.verdict?.(undefined)
    if (fault !== undefined) this.#fail(fault)
    else this.#turns.tell(receiver => receiver.ended())
  }

  /** Some bytes have gone, or want to. */
  readonly #onProgress = (): void => {
    if (this.over) return
    const wanted = this.#wire?.wantsWrite === true || this.#ending
    if (wanted || (this.#ahead > 0 && this.#outputQuiet)) this.#turns.poke()
  }

  readonly #onError = (error: Error): void => this.#fail(error)

  /** A stream has been destroyed: that is in order when it had ended, or when all of the layer has. */
  readonly #onClose = (): void => {
    const { wire, source, sink } = this.#streams
    if (source.readableEnded && sink.writableFinished) return
    const early = [source, sink, wire].some(
      stream => stream.destroyed && !(stream.readableEnded && stream.writableFinished),
    )
    if (early) this.#fail(this.#destroyed())
  }

  readonly #onWireError = (error: Error): void => this.failed(error)

  /** Where the layer destroys its wire with an error of its own, that is told first. */
  readonly #onWireClose = (): void => {
    const { source, sink } = this.#streams
    setImmediate(() => {
      if (source.readableEnded && sink.writableFinished) return
      this.failed(Object.assign(new Error('the socket was destroyed'), { code: 'ECONNRESET' }))
    })
  }

  #destroyed(): Error {
    const { wire, source, sink } = this.#streams
    for (const { errored } of [source, sink, wire]) if (errored) return errored
    return new RevioError('ECONNABORTED', 'the stream that translates was destroyed, or has ended')
  }

  #fail(error: Error): void {
    if (this.over) return
    this.over = true
    const told = this.#broken ?? this.#streams.verdict?.(error) ?? error
    this.failure ??= told
    this.#turns.tell(receiver => receiver.failed(told))
  }

  /** Tells something in a turn, in order with what the streams tell. */
  announce(step: (receiver: Receiver) => void): void {
    this.#turns.tell(step)
  }

  // The link below. /////////////////////////////////////////////////////////////////////////////////////////////////

  read(wanted: boolean): void {
    const { source } = this.#streams
    if (this.#broken !== undefined) return
    if (wanted) source.resume()
    else source.pause()
    if (this.#wire === undefined) this.#raw.read(wanted)
  }

  close({ reset }: { reset: boolean }): void {
    const unsent = this.#wire?.unsent === true
    this.#leave()
    this.#raw.close({ reset: reset || unsent })
    this.#destroy()
  }

  detach(unread: readonly Uint8Array[]): net.Socket {
    const { wire, source, sink } = this.#streams
    const plain = [...unread, ...this.#turns.clear()]
    source.pause()
    this.#leave()
    for (const stream of new Set([source, sink, wire])) {
      stream.off('error', this.#onError).off('close', this.#onClose)
      stream.off('error', this.#onWireError).off('close', this.#onWireClose)
    }
    source.off('data', this.#onData).off('end', this.#onEnd)
    const socket = this.#raw.detach([])
    this.#wire?.adopt(socket)
    if (source instanceof net.Socket && !(source.readableEnded && plain.length > 0)) {
      return handOver(source, plain)
    }
    return new PlainSocket({ source, sink, carrier: socket, unread: plain })
  }

  tune(options: Tuning): void {
    this.#raw.tune(options)
  }

  addresses(): { local: Address; remote: Address } {
    return this.#raw.addresses()
  }

  discard(): void {
    this.#leave()
    this.#destroy()
  }

  /** Says no more, to the connection and to the link below. */
  #leave(): void {
    this.over = true
    this.receiver = nobody
    this.#turns.clear()
    this.#wire?.leave()
  }

  #destroy(): void {
    const { source, sink } = this.#streams
    for (const stream of new Set([source, sink, this.#wire ?? source])) stream.destroy()
  }
}

/** Failed, or destroyed, with output that may have got lost. */
function broken(stream: Duplex): boolean {
  return Boolean(stream.errored) || (stream.destroyed && !stream.writableFinished)
}

function asBuffer(bytes: Uint8Array | string): Buffer {
  if (typeof bytes === 'string') return Buffer.from(bytes)
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
