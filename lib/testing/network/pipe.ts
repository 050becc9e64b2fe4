import { Buffer } from 'node:buffer'

/** Bytes in transit in one direction: a bounded queue, like the kernel's buffers. */
export class Pipe {
  readonly capacity: number
  readonly #chunks: Buffer[] = []
  #size = 0
  /** The writer has ended; buffered bytes come first. */
  ended = false

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Bytes available to read. */
  get size(): number {
    return this.#size
  }

  /** Bytes that can be written. */
  get room(): number {
    return this.capacity - this.#size
  }

  /** Appends a copy of `bytes[start, end)`, which must fit. */
  write(bytes: Uint8Array, start: number, end: number): void {
    const chunk = Buffer.allocUnsafe(end - start)
    chunk.set(bytes.subarray(start, end))
    this.#chunks.push(chunk)
    this.#size += chunk.length
  }

  /** Moves the oldest `size` bytes, at most all, to `target` at offset `at`. */
  read(size: number, target: Uint8Array, at: number): void {
    let left = size
    let into = at
    for (let first = this.#chunks[0]; left > 0 && first !== undefined; first = this.#chunks[0]) {
      const taken = Math.min(left, first.length)
      target.set(taken === first.length ? first : first.subarray(0, taken), into)
      if (taken === first.length) this.#chunks.shift()
      else this.#chunks[0] = first.subarray(taken)
      into += taken
      left -= taken
    }
    this.#size -= size
  }

  /** Puts back bytes that were taken; they may exceed the capacity. */
  restore(bytes: Buffer): void {
    this.#chunks.unshift(bytes)
    this.#size += bytes.length
  }

  /** Drops all but the `size` oldest bytes. */
  cut(size: number): void {
    const kept = Buffer.allocUnsafe(size)
    this.read(size, kept, 0)
    this.#chunks.length = 0
    this.#size = 0
    if (size > 0) this.write(kept, 0, size)
  }
}
