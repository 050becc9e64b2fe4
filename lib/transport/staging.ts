import { Buffer } from 'node:buffer'

/** Encoding a string up to this length in a loop costs less than a call of the encoder. */
const SHORT = 32

/** Collects the output of one turn in one block, so that a small reply costs one copy and no allocation. */
export class StagingBuffer {
  bytes: Buffer
  #top = 0

  /** Stages into `bytes`, which nothing else may use. */
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** The offset of the next staged byte. */
  get top(): number {
    return this.#top
  }

  get room(): number {
    return this.bytes.length - this.#top
  }

  /** Copies a chunk of `size` bytes into the block and returns its offset. The chunk must fit. */
  put(chunk: Uint8Array | string, size: number): number {
    const start = this.#top
    if (typeof chunk !== 'string') this.bytes.set(chunk, start)
    else if (size === chunk.length && size <= SHORT) putAscii(chunk, this.bytes, start)
    else this.bytes.write(chunk, start)
    this.#top = start + size
    return start
  }

  /** Replaces the block, because a write keeps part of it after the flush. */
  renew(): void {
    this.bytes = Buffer.allocUnsafeSlow(this.bytes.length)
  }

  /** Empties the block once everything staged is written or copied. */
  reset(): void {
    this.#top = 0
  }
}

function putAscii(text: string, into: Buffer, at: number): void {
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index)
}
