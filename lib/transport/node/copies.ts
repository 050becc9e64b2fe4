import { Buffer } from 'node:buffer'

/** Bytes of a block. Copies must not be longer. */
const BLOCK_SIZE = 128 * 1024

/**
 * Copies of memory that a program has lent, for sockets that keep what the OS does not take at once. It nearly always
 * takes everything, and the same memory serves the next write: fresh memory for each would cost more than the copy.
 */
export class Copies {
  #block = Buffer.alloc(0)
  /** The socket that wrote last keeps nothing from here on. */
  #start = 0
  #top = 0

  put(bytes: Uint8Array): Uint8Array {
    if (this.#block.length - this.#top < bytes.length) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_SIZE)
      this.#start = 0
      this.#top = 0
    }
    this.#block.set(bytes, this.#top)
    const copy = this.#block.subarray(this.#top, this.#top + bytes.length)
    this.#top += bytes.length
    return copy
  }

  /** The OS has taken all copies since the last call of this or `keep`. */
  reuse(): void {
    this.#top = this.#start
  }

  /** A socket keeps some of these copies. */
  keep(): void {
    this.#start = this.#top
  }
}
