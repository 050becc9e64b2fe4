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

/** How much of the output the streams have at a time. Small enough that a slow peer's progress shows. */
export const SLICE = 32 * 1024

/** A layer of streams, which may take their time. How output goes into them depends on what they have as their wire. */
export abstract class StreamLink implements LayeredLink, Receiver {
  readonly id: number
  receiver: Receiver = nobody
  wire: Receiver = this
  readonly ownsInput = true
  failure: Error | undefined
  /** It has failed for good: neither direction goes on. */
  over = false
  protected readonly raw: Link
  protected readonly streams: Streams
  protected readonly turns: Turns
  protected endAsked = false
  /** The link below has failed. */
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
  /** The end has been sent, behind the last bytes. */
  protected abstract readonly endSent: boolean
  /** There is output that has not come to the system. */
  protected abstract readonly unsent: boolean
  /** The connection goes on at `socket`, and the streams with it. */
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

  /** What came before is delivered first, wanted or not. The output fails at once, which bounds how long that takes. */
  failed(error: Error): void {
    if (this.over || this.#broken !== undefined) return
    this.#broken = error
    this.streams.source.resume()
    if (this.#inputQuiet) return this.fail(error)
    this.failure ??= error
    this.turns.poke()
    setImmediate(this.#awaitInput)
  }

  /** The layer has failed, or the link below with nothing more to be delivered. */
  protected fail(error: Error): void {
    if (this.over) return
    this.over = true
    const told = this.#broken ?? this.verdict(error) ?? error
    this.failure ??= told
    this.turns.tell(receiver => receiver.failed(told))
  }

  /** What the connection learns when the streams fail, or come to their end: undefined for an end in order. */
  protected verdict(error: Error | undefined): Error | undefined {
    return error
  }

  /** The link below has failed: whether the source flows is not the connection's any more. */
  protected get broken(): boolean {
    return this.#broken !== undefined
  }

  /** Says no more, to the connection and to the link below. */
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

  /** Nothing that came over the wire is still on its way. */
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
