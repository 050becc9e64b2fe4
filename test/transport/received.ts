import { Buffer } from 'node:buffer'

/** The bytes that a peer has received, for repeated inspection: copied only when their memory is full. */
export class Received {
  #memory = Buffer.alloc(64 * 1024)
  #length = 0

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length)
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    if (length > this.#memory.length) this.#memory = Buffer.concat([this.#memory], 2 * length)
    this.#memory.set(bytes, this.#length)
    this.#length = length
  }

  /** Bytes returned before stay unchanged. */
  forget(): void {
    this.#memory = Buffer.alloc(64 * 1024)
    this.#length = 0
  }
}
