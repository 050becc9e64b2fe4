import { Buffer } from 'node:buffer'

/** The bytes that a peer has received. Reading them often costs no more than reading them once. */
export class Received {
  /** Only ever written behind `#size`, so views of what came before stay as they are. */
  #bytes = Buffer.alloc(0)
  #size = 0

  append(bytes: Uint8Array): void {
    const size = this.#size + bytes.length
    if (size > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(size, 2 * this.#bytes.length))
      larger.set(this.bytes)
      this.#bytes = larger
    }
    this.#bytes.set(bytes, this.#size)
    this.#size = size
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size)
  }

  clear(): void {
    this.#bytes = Buffer.alloc(0)
    this.#size = 0
  }
}
