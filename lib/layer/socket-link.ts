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

/** A layer of one stream that uses the link's own socket as its wire, as a TLSSocket does on the socket's handle. */
export class SocketLink extends StreamLink {
  /**
   * A stream on a socket never writes synchronously. Its bytes count as taken but unconfirmed, so that a message does
   * not cost another turn. The link takes more once they are written.
   */
  taken = 0
  readonly wantsWrite = false
  readonly #socket: net.Socket
  /** The size of the last write. */
  #given = 0
  /** The loop waits until nothing is unconfirmed. */
  #confirming = false

  constructor(id: number, raw: Link, streams: Streams, socket: net.Socket, host: LayerHost) {
    super(id, raw, streams, host, Gathering.of(host))
    this.#socket = socket
    socket.on('error', this.#onSocketError).on('close', this.#onSocketClose)
  }

  get unconfirmed(): number {
    return this.#given > 0 && !this.#idle ? this.#given : 0
  }

  /**
   * Requests a callback for the write. A callback costs more than a look at the stream, so the link requests one only
   * if the loop waits for it.
   */
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

  /** The link below surrendered its socket, so it reports no bytes. */
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

  /**
   * Whoever owns the detached layer has no access to the socket below it, so the layer reports that socket's errors.
   */
  protected handOn(): void {
    this.#socket.on('error', error => this.streams.source.destroy(error))
  }

  /**
   * The stream and the socket have written everything. A TLSSocket that has ended in both directions destroys the
   * socket below it, which then never finishes.
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
      // A layer may report bytes as written while its socket still holds them.
      this.#socket.write(NOTHING, this.#onGone)
    }
  }

  readonly #onSocketError = (error: Error): void => this.failed(error)

  /** Waits a moment: if the layer destroys its socket with an error, that error is reported first. */
  readonly #onSocketClose = (): void => {
    setImmediate(() => {
      if (this.streams.done) return
      this.failed(Object.assign(new Error('the socket was destroyed'), { code: 'ECONNRESET' }))
    })
  }
}
