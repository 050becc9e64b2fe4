import { Buffer } from 'node:buffer'
import { Form } from './format.js'
import { decompress } from './lzf.js'
import { Malformed } from './malformed.js'

/** Reads a dump from its beginning. Allocates nothing for a length that is only announced. */
export class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  byte(): number {
    return this.take(1)[0] as number
  }

  take(count: number): Buffer {
    if (count > this.#bytes.length - this.#at) throw new Malformed('a dump ends early')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  double(): number {
    return this.take(8).readDoubleLE()
  }

  /** A length that is not a string's encoding. */
  length(): number {
    const { value, isForm } = this.#lengthOrForm()
    if (isForm) throw new Malformed('a length is expected')
    return value
  }

  string(): Buffer {
    const { value, isForm } = this.#lengthOrForm()
    if (!isForm) return this.take(value)
    if (value === Form.Int8) return Buffer.from(String(this.take(1).readInt8()))
    if (value === Form.Int16) return Buffer.from(String(this.take(2).readInt16LE()))
    if (value === Form.Int32) return Buffer.from(String(this.take(4).readInt32LE()))
    if (value !== Form.Compressed) throw new Malformed('a string has an unknown form')
    const compressed = this.length()
    const length = this.length()
    return decompress(this.take(compressed), length)
  }

  #lengthOrForm(): { value: number; isForm: boolean } {
    const first = this.byte()
    const low = first & 0x3f
    if (first >> 6 === 0) return { value: low, isForm: false }
    if (first >> 6 === 1) return { value: (low << 8) | this.byte(), isForm: false }
    if (first >> 6 === 3) return { value: low, isForm: true }
    if (first === 0x80) return { value: this.take(4).readUInt32BE(), isForm: false }
    if (first === 0x81) return { value: Number(this.take(8).readBigUInt64BE()), isForm: false }
    throw new Malformed('a length has an unknown form')
  }
}
