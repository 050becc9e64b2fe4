import { Bytes, copy } from '../bytes.js'
import type { Resident } from './objects.js'

/** A long string in separate memory, with room to grow. */
export class Blob implements Resident {
  bytes: Bytes
  length: number

  constructor(bytes: Bytes, length: number) {
    this.bytes = bytes
    this.length = length
  }

  static copyOf(source: Bytes, start: number, end: number): Blob {
    const bytes = Bytes.allocate(end - start)
    copy(source, start, end, bytes, 0)
    return new Blob(bytes, end - start)
  }

  /** Sets its length; new bytes are 0. Growing at least doubles its room, so that many small steps stay cheap. */
  resize(length: number): void {
    if (length > this.bytes.length) {
      const bytes = Bytes.allocate(Math.max(length, 2 * this.bytes.length))
      copy(this.bytes, 0, this.length, bytes, 0)
      this.bytes = bytes
    }
    if (length > this.length) this.bytes.buffer.fill(0, this.length, length)
    this.length = length
  }

  copy(): Blob {
    return Blob.copyOf(this.bytes, 0, this.length)
  }

  dispose(): void {}
}
