import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { isBytes, lengthOf } from '../bytes.js'
import { asError } from '../errors.js'
import type { Address } from '../info.js'
import type { LayeredLink } from '../transport/layering.js'
import { goneError, isGone, Outbox } from '../transport/outbox.js'
import type { StagingBuffer } from '../transport/staging.js'
import { type Link, nobody, type Receiver, type Tuning } from '../transport/transport.js'
import { type Coder, type Pair, piecesOf, streamOf } from './layer.js'
import { PlainSocket } from './plain-socket.js'

/** The most bytes to encode for one flush. Encoded output is in memory twice until it is written. */
const PORTION = 256 * 1024
/** The most bytes to encode in one call. Small enough that a slow peer makes visible progress. */
const SLICE = 16 * 1024
/** Copying a piece below this size costs less than what the OS charges for writing from memory it has not seen yet. */
const SMALL = 8 * 1024

/** A layer of two plain functions. Both run synchronously, so the link needs no turns besides the loop's. */
export class FunctionLink implements LayeredLink, Receiver {
  readonly id: number
  receiver: Receiver = nobody
  wire: Receiver = this
  /** Whether the input being delivered lies outside the transport's shared buffer. */
  ownsInput = false
  failure: Error | undefined
  /** The layer has failed for good, in both directions. */
  over = false
  readonly #raw: Link
  readonly #pair: Pair
  readonly #decode: Coder | undefined
  readonly #encode: Coder | undefined
  readonly #stage: StagingBuffer | undefined
  /** Encoded bytes that the link below has not written yet. */
  readonly #encoded = new Outbox()
  /** How many bytes at the front of the connection's outbox are already encoded. */
  #ahead = 0
  /** Pairs of lengths, one pair a slice: its plain bytes, then the encoded bytes they became. */
  #slices: number[] = []
  /** Index of the oldest slice not fully written, and how many of its encoded bytes are written. */
  #first = 0
  #gone = 0
  #taken = 0
  /** The outbox holds bytes that are not encoded yet. */
  #more = false
  /** The link below was offered encoded bytes and `#settle` has not read the outcome. */
  #offered = false
  /** The link below cannot take more until it calls `writable`. */
  #blocked = false
  #ending = false
  #ended = false
  /** Decoded pieces that are not delivered yet, because a handler is still running. */
  #undelivered: Buffer[] = []

  constructor(id: number, raw: Link, pair: Pair) {
    this.id = id
    this.#raw = raw
    this.#pair = pair
    this.#decode = pair.decode as Coder | undefined
    this.#encode = pair.encode as Coder | undefined
    this.#stage = raw.stage
  }

  // Output. /////////////////////////////////////////////////////////////////////////////////////////////////////////

  /**
   * Plain bytes count as taken once everything they were encoded to is written. Until then they stay in the
   * connection's outbox.
   */
  get taken(): number {
    this.#settle()
    return this.#taken
  }

  get wantsWrite(): boolean {
    this.#settle()
    if (this.failure !== undefined) return false
    if (this.#encoded.size > 0) return !this.#blocked
    return this.#more || this.#raw.wantsWrite === true
  }

  get ending(): boolean {
    return (this.#ending && !this.#ended) || this.#raw.ending === true
  }

  write(outbox: Outbox): void {
    this.#taken = 0
    if (this.#encoded.size === 0) this.#take(outbox)
    this.#more = outbox.size > this.#ahead
    this.#offer()
  }

  unacknowledged(): number | undefined {
    return this.#raw.unacknowledged?.()
  }

  end(): void {
    if (this.#ending) return
    this.#ending = true
    try {
      for (const piece of piecesOf(this.#pair.encodeEnd?.(), 'encodeEnd')) this.#encoded.give(piece)
    } catch (thrown) {
      this.#break(thrown, 'encodeEnd')
    }
    if (this.over || this.#encoded.size > 0) this.receiver.writable()
    else this.#endWire()
  }

  /** Sends bytes that the layer itself produces. */
  protected put(bytes: Buffer): void {
    this.#encoded.give(bytes)
    this.receiver.writable()
  }

  #take(outbox: Outbox): void {
    try {
      for (let segment = outbox.first; segment !== undefined; segment = segment.next) {
        if (isGone(segment)) throw goneError(segment)
        for (let start = segment.start; start < segment.end; start += SLICE) {
          if (this.#ahead >= PORTION) return
          const end = Math.min(segment.end, start + SLICE)
          const before = this.#encoded.size
          this.#put(segment.bytes, start, end)
          this.#slices.push(end - start, this.#encoded.size - before)
          this.#ahead += end - start
        }
      }
    } catch (thrown) {
      this.#break(thrown, 'encode')
    }
  }

  #put(bytes: Uint8Array, start: number, end: number): void {
    if (this.#encode === undefined) return this.#encoded.lend(bytes, start, end)
    const whole = start === 0 && end === bytes.length && Buffer.isBuffer(bytes)
    const plain = whole ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    const coded = this.#encode.call(this.#pair, plain)
    if (coded === plain) this.#encoded.lend(bytes, start, end)
    else if (isBytes(coded)) this.#keep(coded, bytes)
    else for (const piece of piecesOf(coded, 'encode')) this.#keep(piece, bytes)
  }

  /** Copies small pieces into the staging buffer. A piece that may be a view of the plain bytes is lent, not given. */
  #keep(coded: Uint8Array, plain: Uint8Array): void {
    const size = lengthOf(coded)
    if (size === 0) return
    const stage = this.#stage
    if (stage !== undefined && size < SMALL && size <= stage.room) {
      const start = stage.put(coded, size)
      this.#encoded.lend(stage.bytes, start, start + size)
    } else if (coded.buffer === plain.buffer) this.#encoded.lend(coded, 0, size)
    else this.#encoded.give(coded)
  }

  #offer(): void {
    if (this.#encoded.size > 0 ? !this.#blocked : this.#raw.wantsWrite === true) {
      this.#offered = true
      this.#raw.write(this.#encoded)
    } else if (this.#encoded.size === 0) this.#went(0)
  }

  /** Reads the outcome of the last offer. */
  #settle(): void {
    if (!this.#offered) return
    this.#offered = false
    const { taken, failure } = this.#raw
    this.#encoded.settle(taken)
    if (failure !== undefined) return this.#lose(failure)
    this.#blocked = this.#encoded.size > 0 && this.#raw.wantsWrite !== true
    this.#went(taken)
  }

  /** Accounts for `coded` encoded bytes that are written. */
  #went(coded: number): void {
    this.#gone += coded
    const slices = this.#slices
    for (; this.#first < slices.length; this.#first += 2) {
      const [plain = 0, size = 0] = [slices[this.#first], slices[this.#first + 1]]
      if (size > this.#gone) return
      this.#gone -= size
      this.#taken += plain
      this.#ahead -= plain
    }
    this.#first = 0
    slices.length = 0
    if (this.#encoded.size === 0 && this.#ending && !this.#ended) this.#endWire()
  }

  #endWire(): void {
    this.#ended = true
    this.#raw.end()
  }

  /** A function threw during a write. The loop learns of it when it reads `failure` after the flush. */
  #break(thrown: unknown, name: string): void {
    this.over = true
    this.#lose(asError(thrown, name))
  }

  /** Discards the output; nothing more can be written. */
  #lose(failure: Error): void {
    this.failure ??= failure
    this.#encoded.clear()
    this.#slices.length = 0
    this.#first = 0
  }

  // Input: what the link below tells. ///////////////////////////////////////////////////////////////////////////////

  input(bytes: Buffer): void {
    if (this.over) return
    let piece: Uint8Array | undefined
    try {
      const coded = this.#decode === undefined ? bytes : this.#decode.call(this.#pair, bytes)
      if (coded === bytes || isBytes(coded)) piece = coded
      else for (const next of piecesOf(coded, 'decode')) this.#undelivered.push(asBuffer(next))
    } catch (thrown) {
      return this.#fail(thrown, 'decode')
    }
    if (piece === undefined) return this.#deliver(bytes)
    if (piece.length > 0) this.#hand(asBuffer(piece), bytes)
  }

  ended(): void {
    if (this.over) return
    try {
      for (const piece of piecesOf(this.#pair.decodeEnd?.(), 'decodeEnd')) {
        this.#undelivered.push(asBuffer(piece))
      }
    } catch (thrown) {
      return this.#fail(thrown, 'decodeEnd')
    }
    this.#deliver(undefined)
    this.receiver.ended()
  }

  failed(error: Error): void {
    if (this.over) return
    this.over = true
    this.receiver.failed(error)
  }

  writable(): void {
    this.#blocked = false
    this.receiver.writable()
  }

  /** A handler may close or detach the connection while pieces are left. */
  #deliver(input: Buffer | undefined): void {
    for (;;) {
      const piece = this.#undelivered.shift()
      if (piece === undefined) return
      this.#hand(piece, input)
    }
  }

  /** A piece that may be a view of `input` shares the memory of `input`. */
  #hand(piece: Buffer, input: Buffer | undefined): void {
    this.ownsInput = (piece !== input && piece.buffer !== input?.buffer) || this.#raw.ownsInput === true
    this.receiver.input(piece)
  }

  #fail(thrown: unknown, name: string): void {
    this.failed(asError(thrown, name))
  }

  // The link below. /////////////////////////////////////////////////////////////////////////////////////////////////

  read(wanted: boolean): void {
    this.#raw.read(wanted)
  }

  close({ reset }: { reset: boolean }): void {
    this.#raw.close({ reset: reset || this.#encoded.size > 0 })
    this.#leave()
  }

  detach(unread: readonly Uint8Array[]): net.Socket {
    const plain = [...unread, ...this.#undelivered.map(bytes => Buffer.from(bytes))]
    this.#leave()
    const socket = this.#raw.detach([])
    const [decode, encode] = [streamOf(this.#pair, 'decode'), streamOf(this.#pair, 'encode')]
    socket.pipe(decode)
    encode.pipe(socket)
    return new PlainSocket({ source: decode, sink: encode, carrier: socket, unread: plain })
  }

  tune(options: Tuning): void {
    this.#raw.tune(options)
  }

  addresses(): { local: Address; remote: Address } {
    return this.#raw.addresses()
  }

  #leave(): void {
    this.over = true
    this.receiver = nobody
    this.#undelivered = []
    this.#encoded.clear()
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
