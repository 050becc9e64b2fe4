import { Buffer } from 'node:buffer'
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib'
import type { Agreement } from './extension.js'
import type { DeflateOptions } from './options.js'

/** Why inflating produced no message. */
export const Broken = { TooLong: 1, Invalid: 2 } as const
export type Broken = (typeof Broken)[keyof typeof Broken]

/** The end of a sync flush, which is omitted on the wire. */
const TAIL = Buffer.from('0000ffff', 'hex')
/** How many streams of each kind to keep for later messages, without context. */
const KEPT = 8

/** Streams whose context is reset after each message can serve any connection. */
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

  /** Takes a stream back and resets its context. */
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

/**
 * zlib for one connection. Streams that keep their context belong to the connection, all others to the pool. Handles
 * one message at a time in each direction.
 */
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
    // A block marked as the last one ends the stream, and zlib ignores everything after it.
    const ended = stream.bytesWritten - before < payload.length + TAIL.length
    if (found instanceof Buffer && !ended && clientForgets) this.#pool.giveInflater(stream)
    else if (found instanceof Buffer && !ended && !this.#closed) this.#inflater = stream
    else stream.close()
    if (found instanceof Buffer && ended) this.#inflater = this.#successor(found)
    return found
  }

  /** Frees the memory. A stream that is working is closed once it is done. */
  close(): void {
    this.#closed = true
    this.#inflater?.close()
    this.#inflater = undefined
    if (!this.#deflating) this.#deflater?.close()
    this.#deflater = undefined
  }

  /** Replaces a stream that has ended: the next message may still refer to its output. */
  #successor(found: Buffer): InflateRaw | undefined {
    if (this.#agreement.clientForgets || this.#closed || found.length === 0) return undefined
    return heeded(createInflateRaw({ dictionary: found.subarray(-32_768) }))
  }
}

/** Errors may also be emitted while nothing runs; the next call notices them. */
function heeded<Stream extends DeflateRaw | InflateRaw>(stream: Stream): Stream {
  stream.on('error', () => {})
  return stream
}

/** Passes bytes through a stream and flushes it. A stream with an error can't be used again. */
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
