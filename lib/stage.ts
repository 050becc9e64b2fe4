import { Buffer } from 'node:buffer'

/** Output of one turn, gathered in one block so that a small reply costs one copy and no allocation. */
export class Stage {
  /** The block. */
  bytes: Buffer
  #top = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
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
    if (typeof chunk === 'string') this.bytes.write(chunk, start)
    else this.bytes.set(chunk, start)
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
