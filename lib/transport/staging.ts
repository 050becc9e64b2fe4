import { Buffer } from 'node:buffer'

/** Up to this length a loop over the characters costs less than the call that encodes a string. */
const SHORT = 32

/** Output of one turn, gathered in one block so that a small reply costs one copy and no allocation. */
export class StagingBuffer {
  /** The block. */
  bytes: Buffer
  #top = 0

  /** In `bytes`, which nobody else uses. */
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** Where the next bytes would lie. */
  get top(): number {
    return this.#top
  }

  get room(): number {
    return this.bytes.length - this.#top
  }

  /** Copies a chunk of `size` bytes in, which must fit; answers where it lies. */
  put(chunk: Uint8Array | string, size: number): number {
    const start = this.#top
    if (typeof chunk !== 'string') this.bytes.set(chunk, start)
    else if (size === chunk.length && size <= SHORT) putAscii(chunk, this.bytes, start)
    else this.bytes.write(chunk, start)
    this.#top = start + size
    return start
  }

  /** A write keeps a part of the block beyond the flush: what is staged from now on goes to another one. */
  renew(): void {
    this.bytes = Buffer.allocUnsafeSlow(this.bytes.length)
  }

  /** Everything staged has been written or copied: the block is free again. */
  reset(): void {
    this.#top = 0
  }
}

function putAscii(text: string, into: Buffer, at: number): void {
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index)
}
