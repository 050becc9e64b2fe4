import { Buffer } from 'node:buffer'
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib'
import type { Agreement } from './extension.js'
import type { DeflateOptions } from './options.js'

/** What inflating came to where it gave no message. */
export const Broken = { TooLong: 1, Invalid: 2 } as const
export type Broken = (typeof Broken)[keyof typeof Broken]

/** What a sync flush ends with, which is left out on the wire. */
const TAIL = Buffer.from('0000ffff', 'hex')
/** Streams without a context that are kept for the next message, of each kind. */
const KEPT = 8

/** Streams whose context is forgotten after each message serve any connection. */
export class ZlibPool {
  readonly #options: Required<DeflateOptions>
  readonly #deflaters: DeflateRaw[] = []
  readonly #inflaters: InflateRaw[] = []

  constructor(options: Required<DeflateOptions>) {
    this.#options = options
  }

  deflater(windowBits: number): DeflateRaw {
    const { level, memLevel, windowBits: usual } = this.#options
    const kept = windowBits === usual ? this.#deflaters.pop() : undefined
    return kept ?? heeded(createDeflateRaw({ level, memLevel, windowBits }))
  }

  inflater(): InflateRaw {
    return this.#inflaters.pop() ?? heeded(createInflateRaw())
  }

  /** Takes a stream back, whose context is forgotten. */
  giveDeflater(stream: DeflateRaw, windowBits: number): void {
    if (windowBits !== this.#options.windowBits || this.#deflaters.length >= KEPT) return stream.close()
    stream.reset()
    this.#deflaters.push(stream)
  }

  giveInflater(stream: InflateRaw): void {
    if (this.#inflaters.length >= KEPT) return stream.close()
    stream.reset()
    this.#inflaters.push(stream)
  }
}

/** zlib for one connection. What remembers is the connection's own, all else the pool's. One message at a time each way. */
export class Zlib {
  readonly #pool: ZlibPool
  readonly #agreement: Agreement
  #deflater: DeflateRaw | undefined
  #inflater: InflateRaw | undefined
  #deflating = false
  #closed = false

  constructor(pool: ZlibPool, agreement: Agreement) {
    this.#pool = pool
    this.#agreement = agreement
  }

  async deflate(bytes: Buffer): Promise<Buffer> {
    if (this.#closed) throw new Error('the connection is gone')
    const { serverForgets, serverBits } = this.#agreement
    const stream = this.#deflater ?? this.#pool.deflater(serverBits)
    if (!serverForgets) this.#deflater = stream
    this.#deflating = true
    const found = await run(stream, [bytes], Number.POSITIVE_INFINITY)
    this.#deflating = false
    if (!(found instanceof Buffer)) throw new Error('zlib failed to compress')
    if (serverForgets) this.#pool.giveDeflater(stream, serverBits)
    else if (this.#closed) stream.close()
    return found.subarray(0, found.length - TAIL.length)
  }

  async inflate(payload: Buffer, max: number): Promise<Buffer | Broken> {
    const { clientForgets } = this.#agreement
    const stream = this.#inflater ?? this.#pool.inflater()
    this.#inflater = undefined
    const before = stream.bytesWritten
    const found = await run(stream, [payload, TAIL], max)
    // A block that was marked as the last ends the stream, and what follows it is not looked at.
    const ended = stream.bytesWritten - before < payload.length + TAIL.length
    if (found instanceof Buffer && !ended && clientForgets) this.#pool.giveInflater(stream)
    else if (found instanceof Buffer && !ended && !this.#closed) this.#inflater = stream
    else stream.close()
    if (found instanceof Buffer && ended) this.#inflater = this.#successor(found)
    return found
  }

  /** Gives memory back. A stream that works is closed once it is done. */
  close(): void {
    this.#closed = true
    this.#inflater?.close()
    this.#inflater = undefined
    if (!this.#deflating) this.#deflater?.close()
    this.#deflater = undefined
  }

  /** The next message may still refer to what ended so. */
  #successor(found: Buffer): InflateRaw | undefined {
    if (this.#agreement.clientForgets || this.#closed || found.length === 0) return undefined
    return heeded(createInflateRaw({ dictionary: found.subarray(-32_768) }))
  }
}

/** Errors also arrive when nobody runs anything; they are noticed where something does. */
function heeded<Stream extends DeflateRaw | InflateRaw>(stream: Stream): Stream {
  stream.on('error', () => {})
  return stream
}

/** Puts bytes through a stream and flushes it; the stream is of no use any more where something is broken. */
function run(
  stream: DeflateRaw | InflateRaw,
  pieces: readonly Buffer[],
  max: number,
): Promise<Buffer | Broken> {
  return new Promise(resolve => {
    const found: Buffer[] = []
    let size = 0
    const settle = (result: Buffer | Broken) => {
      stream.off('data', collect).off('error', fail).off('end', finish)
      resolve(result)
    }
    const collect = (piece: Buffer) => {
      size += piece.length
      if (size > max) return settle(Broken.TooLong)
      found.push(piece)
    }
    const fail = () => settle(Broken.Invalid)
    const finish = () => settle(Buffer.concat(found))
    stream.on('data', collect).on('error', fail).on('end', finish)
    for (const piece of pieces) stream.write(piece)
    stream.flush(constants.Z_SYNC_FLUSH, finish)
  })
}
