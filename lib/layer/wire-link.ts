import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { asError } from '../errors.js'
import type { LayerHost } from '../transport/layering.js'
import type { Outbox } from '../transport/outbox.js'
import type { Link } from '../transport/transport.js'
import { SLICE, StreamLink } from './stream-link.js'
import type { Streams } from './streams.js'
import type { Wire } from './wire.js'

/** A layer of streams over a `Wire`, a stream of the bytes of the link below. */
export class WireLink extends StreamLink {
  readonly #wire: Wire
  /** How many bytes at the front of the connection's outbox are in the streams. */
  #ahead = 0
  #taken = 0
  /** The outbox holds bytes that are not in the streams yet. */
  #more = false
  /** The outcome of the last flush has not been read. */
  #unsettled = false

  constructor(id: number, raw: Link, streams: Streams, wire: Wire, host: LayerHost) {
    super(id, raw, streams, host)
    this.#wire = wire
    wire.onWritten = this.#onProgress
    if (streams.source !== streams.sink) streams.join(this.onError)
  }

  /** Output counts as taken once the streams and the wire have written it. Until then it stays in the outbox. */
  get taken(): number {
    this.#settle()
    return this.#taken
  }

  get wantsWrite(): boolean {
    this.#settle()
    if (this.failure !== undefined) return false
    return (this.#more && this.#ahead === 0) || this.#wire.wantsWrite
  }

  write(outbox: Outbox): void {
    this.#taken = 0
    this.#unsettled = true
    this.turns.hold(() => {
      if (this.#ahead === 0 && outbox.size > 0) this.#give(outbox)
      this.#wire.flush()
    })
    this.#more = outbox.size > this.#ahead
  }

  read(wanted: boolean): void {
    if (this.broken) return
    if (wanted) this.streams.source.resume()
    else this.streams.source.pause()
  }

  input(bytes: Buffer): void {
    const own = this.raw.ownsInput === true ? bytes : Buffer.from(bytes)
    this.turns.within(() => this.#wire.feed(own))
  }

  ended(): void {
    this.turns.within(() => this.#wire.feedEnd())
  }

  writable(): void {
    this.#wire.unblock()
    this.receiver.writable()
  }

  protected get endSent(): boolean {
    return this.#wire.ended
  }

  protected get unsent(): boolean {
    return this.#wire.unsent
  }

  protected override leave(): void {
    super.leave()
    this.#wire.leave()
  }

  protected handOn(socket: net.Socket): void {
    this.#wire.adopt(socket)
  }

  #give(outbox: Outbox): void {
    const { sink } = this.streams
    const size = Math.min(outbox.size, SLICE)
    this.#ahead = size
    try {
      if (!sink.writable) throw this.streams.failure
      sink.write(outbox.oldest(size), this.#onProgress)
    } catch (thrown) {
      this.fail(asError(thrown, 'encode'))
    }
  }

  #settle(): void {
    if (!this.#unsettled) return
    this.#unsettled = false
    this.turns.hold(() => this.#wire.settle())
    this.failure ??= this.#wire.failure
    if (this.#ahead === 0 || !this.streams.outputQuiet) return
    this.#taken = this.#ahead
    this.#ahead = 0
  }

  /** Bytes have been written, or more can be. */
  readonly #onProgress = (): void => {
    if (this.over) return
    const gone = this.#ahead > 0 && this.streams.outputQuiet
    if (gone || this.#wire.wantsWrite || this.endAsked) this.turns.poke()
  }
}
