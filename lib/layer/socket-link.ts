import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { asError } from '../errors.js'
import type { LayerHost } from '../transport/layering.js'
import type { Outbox } from '../transport/outbox.js'
import type { Link } from '../transport/transport.js'
import { Gathering } from './gathering.js'
import { SLICE, StreamLink } from './stream-link.js'
import type { Streams } from './streams.js'

const NOTHING = Buffer.alloc(0)

/** A layer of one stream whose wire is a socket that its link has surrendered: a TLSSocket on the socket's handle. */
export class SocketLink extends StreamLink {
  /**
   * A stream on a socket never lets go of bytes at once. What it has counts as taken and unconfirmed, so that not every
   * message costs another turn; more is taken when it has let go.
   */
  taken = 0
  readonly wantsWrite = false
  readonly #socket: net.Socket
  /** What it was given last. */
  #given = 0
  /** Somebody waits until nothing is unconfirmed. */
  #confirming = false

  constructor(id: number, raw: Link, streams: Streams, socket: net.Socket, host: LayerHost) {
    super(id, raw, streams, host, Gathering.of(host))
    this.#socket = socket
    socket.on('error', this.#onSocketError).on('close', this.#onSocketClose)
  }

  get unconfirmed(): number {
    return this.#given > 0 && !this.#idle ? this.#given : 0
  }

  /** To be told costs more than to look, so it is only asked for where somebody waits. */
  confirm(): void {
    if (this.#confirming) return
    this.#confirming = true
    const { sink } = this.streams
    if (sink.writable) sink.write(NOTHING, this.#onGone)
  }

  write(outbox: Outbox): void {
    this.taken = 0
    if (outbox.size === 0) return
    const { sink } = this.streams
    if (sink.writableLength === 0 && this.#socket.writableLength === 0) {
      const size = Math.min(outbox.size, SLICE)
      try {
        if (!sink.writable) throw this.streams.failure
        sink.write(outbox.oldest(size))
        this.#given = size
        this.taken = size
      } catch (thrown) {
        return this.fail(asError(thrown, 'the layer'))
      }
    }
    if (this.taken < outbox.size) this.confirm()
  }

  read(wanted: boolean): void {
    if (this.broken) return
    if (wanted) this.streams.source.resume()
    else this.streams.source.pause()
    this.raw.read(wanted)
  }

  /** The link below moves no bytes, so that it tells of none. */
  input(): void {}

  ended(): void {}

  writable(): void {}

  protected get endSent(): boolean {
    return this.streams.sink.writableFinished && this.#socket.writableLength === 0
  }

  protected get unsent(): boolean {
    return this.unconfirmed > 0
  }

  protected override leave(): void {
    super.leave()
    this.#socket.off('error', this.#onSocketError).off('close', this.#onSocketClose)
  }

  /** The program that gets the layer knows nothing of the socket under it. */
  protected handOn(): void {
    this.#socket.on('error', error => this.streams.source.destroy(error))
  }

  /**
   * The stream and the socket have sent all that they were given. A TLSSocket that has ended both ways destroys the socket
   * under it, which never finishes.
   */
  get #idle(): boolean {
    const { sink, outputQuiet } = this.streams
    if (!sink.writableFinished || sink.errored || this.#socket.errored) return outputQuiet
    return this.#socket.writableLength === 0
  }

  readonly #onGone = (): void => {
    if (this.over) return
    const { sink } = this.streams
    if (this.#idle) {
      this.#confirming = false
      this.turns.poke()
    } else if (sink.writableLength === 0 && this.#socket.writable) {
      // A layer may let go of bytes that its wire has not sent.
      this.#socket.write(NOTHING, this.#onGone)
    }
  }

  readonly #onSocketError = (error: Error): void => this.failed(error)

  /** Where the layer destroys its wire with an error of its own, that is told first. */
  readonly #onSocketClose = (): void => {
    setImmediate(() => {
      if (this.streams.done) return
      this.failed(Object.assign(new Error('the socket was destroyed'), { code: 'ECONNRESET' }))
    })
  }
}
