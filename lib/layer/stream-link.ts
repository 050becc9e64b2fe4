import { Buffer } from 'node:buffer'
import * as net from 'node:net'
import { isBytes } from '../bytes.js'
import { RevioError } from '../errors.js'
import type { Address } from '../info.js'
import { handOver } from '../transport/hand-over.js'
import type { LayeredLink, LayerHost } from '../transport/layering.js'
import type { Outbox } from '../transport/outbox.js'
import { type Link, nobody, type Receiver, type Tuning } from '../transport/transport.js'
import type { Gathering } from './gathering.js'
import { PlainSocket } from './plain-socket.js'
import type { Streams } from './streams.js'
import { Turns } from './turns.js'

/** The most output the streams hold at a time. Small enough that a slow peer makes visible progress. */
export const SLICE = 32 * 1024

/** A layer of streams, which may work asynchronously. Subclasses differ in the wire that the streams write to. */
export abstract class StreamLink implements LayeredLink, Receiver {
  readonly id: number
  receiver: Receiver = nobody
  wire: Receiver = this
  readonly ownsInput = true
  failure: Error | undefined
  /** The layer has failed for good, in both directions. */
  over = false
  protected readonly raw: Link
  protected readonly streams: Streams
  protected readonly turns: Turns
  protected endAsked = false
  /** Why the link below failed. */
  #broken: Error | undefined

  constructor(id: number, raw: Link, streams: Streams, host: LayerHost, gathering?: Gathering) {
    this.id = id
    this.raw = raw
    this.streams = streams
    this.turns = new Turns(host, this, gathering)
    const { source, sink } = streams
    source.on('data', this.#onData).on('end', this.#onEnd)
    sink.on('finish', this.#onFinish)
    for (const stream of streams.own) stream.on('error', this.onError).on('close', this.#onClose)
  }

  abstract readonly taken: number
  abstract readonly wantsWrite: boolean
  abstract write(outbox: Outbox): void
  abstract read(wanted: boolean): void
  abstract input(bytes: Buffer): void
  abstract ended(): void
  abstract writable(): void
  /** The last bytes and the end have been sent. */
  protected abstract readonly endSent: boolean
  /** Some output has not reached the OS. */
  protected abstract readonly unsent: boolean
  /** Moves the wire of the streams to `socket`, after a detach. */
  protected abstract handOn(socket: net.Socket): void

  get ending(): boolean {
    return this.endAsked && !this.over && (!this.endSent || this.raw.ending === true)
  }

  unacknowledged(): number | undefined {
    return this.raw.unacknowledged?.()
  }

  end(): void {
    this.endAsked = true
    this.turns.hold(() => this.streams.sink.end())
    this.receiver.writable()
  }

  tune(options: Tuning): void {
    this.raw.tune(options)
  }

  addresses(): { local: Address; remote: Address } {
    return this.raw.addresses()
  }

  close({ reset }: { reset: boolean }): void {
    const { unsent } = this
    this.leave()
    this.raw.close({ reset: reset || unsent })
    for (const stream of this.streams.own) stream.destroy()
  }

  detach(unread: readonly Uint8Array[]): net.Socket {
    const { source, sink, own } = this.streams
    const plain = [...unread, ...this.turns.clear()]
    source.pause()
    this.leave()
    for (const stream of own) stream.off('error', this.onError).off('close', this.#onClose)
    source.off('data', this.#onData).off('end', this.#onEnd)
    sink.off('finish', this.#onFinish)
    const socket = this.raw.detach([])
    this.handOn(socket)
    if (source instanceof net.Socket && !source.readableEnded) {
      return handOver(source, plain)
    }
    return new PlainSocket({ source, sink, carrier: socket, unread: plain })
  }

  // Failures. ///////////////////////////////////////////////////////////////////////////////////////////////////////

  /**
   * Delivers the input that came before the failure, even if the connection is paused. The output fails at once, so
   * the wait for input is bounded.
   */
  failed(error: Error): void {
    if (this.over || this.#broken !== undefined) return
    this.#broken = error
    this.streams.source.resume()
    if (this.#inputQuiet) return this.fail(error)
    this.failure ??= error
    this.turns.poke()
    setImmediate(this.#awaitInput)
  }

  /** Reports a failure of the layer, or of the link below once all input is delivered. */
  protected fail(error: Error): void {
    if (this.over) return
    this.over = true
    const told = this.#broken ?? this.verdict(error) ?? error
    this.failure ??= told
    this.turns.tell(receiver => receiver.failed(told))
  }

  /** The error to report when the streams fail or end; undefined for an orderly end. */
  protected verdict(error: Error | undefined): Error | undefined {
    return error
  }

  /** The link below has failed, so the source must keep flowing and the connection no longer controls it. */
  protected get broken(): boolean {
    return this.#broken !== undefined
  }

  /** Stops all events, to the connection and to the link below. */
  protected leave(): void {
    this.over = true
    this.receiver = nobody
    this.turns.clear()
  }

  readonly #awaitInput = (): void => {
    if (this.over) return
    if (this.#inputQuiet) this.fail(this.streams.failure)
    else setImmediate(this.#awaitInput)
  }

  /** All input from the wire has been delivered. */
  get #inputQuiet(): boolean {
    return this.turns.idle && this.streams.inputQuiet
  }

  // What the streams tell. //////////////////////////////////////////////////////////////////////////////////////////

  protected readonly onError = (error: Error): void => this.fail(error)

  readonly #onData = (bytes: unknown): void => {
    if (this.over) return
    if (Buffer.isBuffer(bytes)) return this.turns.tell(bytes)
    if (typeof bytes === 'string') return this.turns.tell(Buffer.from(bytes))
    if (isBytes(bytes)) return this.turns.tell(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    this.fail(new RevioError('ERR_REPLY', `translate: expected bytes from a layer; received ${typeof bytes}`))
  }

  readonly #onEnd = (): void => {
    if (this.over) return
    const fault = this.verdict(undefined)
    if (fault !== undefined) this.fail(fault)
    else this.turns.tell(receiver => receiver.ended())
  }

  readonly #onFinish = (): void => {
    if (!this.over) this.turns.poke()
  }

  readonly #onClose = (): void => {
    if (this.streams.destroyedEarly) this.fail(this.streams.failure)
  }
}
