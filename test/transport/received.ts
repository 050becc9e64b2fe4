import { Buffer } from 'node:buffer'

/** What a peer has received, to be looked at as often as it grows: it is copied only when its memory is full. */
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

  /** What has been looked at stays as it is. */
  forget(): void {
    this.#memory = Buffer.alloc(64 * 1024)
    this.#length = 0
  }
}
