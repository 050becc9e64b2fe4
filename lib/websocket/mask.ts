import { endianness } from 'node:os'

/** Below this length, unmasking single bytes costs less than making a view of words. */
const FEW = 64
/** In shorter inputs none are: making the view of words costs more than it saves. */
const SHORT = 256

const LITTLE = endianness() === 'LE'
/** The highest bit of each byte in a word, which is 0 in ASCII. */
const HIGH = 0x80808080 | 0

/**
 * Unmasks bytes in place, four at a time. Returns whether all of them are ASCII, which costs nothing here and saves
 * checking text again.
 */
export class Unmasker {
  #of: Uint8Array | undefined
  #words: Int32Array | undefined
  /** Added to an index into the bytes, gives four times the index into the words. */
  #shift = 0

  /**
   * @param key - The masking key as a 32-bit number, its first byte lowest.
   * @param phase - How many bytes of the payload precede these.
   */
  unmask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): boolean {
    let mask = turned(key, phase)
    if (end - start < FEW || bytes.length < SHORT) return unmaskFew(bytes, start, end, mask)
    if (bytes !== this.#of) this.#view(bytes)
    const words = this.#words as Int32Array
    const odd = -(start + this.#shift) & 3
    let ascii = unmaskFew(bytes, start, start + odd, mask)
    mask = turned(mask, odd)
    const from = (start + odd + this.#shift) >> 2
    const to = (end + this.#shift) >> 2
    const word = LITTLE ? mask : reversed(mask)
    let seen = 0
    for (let index = from; index < to; index++) {
      const plain = (words[index] as number) ^ word
      words[index] = plain
      seen |= plain
    }
    ascii = (seen & HIGH) === 0 && ascii
    return unmaskFew(bytes, (to << 2) - this.#shift, end, mask) && ascii
  }

  /** Drops the bytes that were seen last. */
  forget(): void {
    this.#of = undefined
    this.#words = undefined
  }

  /** Makes a view of the words that lie fully within these bytes. */
  #view(bytes: Uint8Array): void {
    const { buffer, byteOffset, length } = bytes
    const first = (byteOffset + 3) & ~3
    const count = (byteOffset + length - first) >> 2
    this.#of = bytes
    this.#shift = byteOffset - first
    this.#words = new Int32Array(buffer, first, Math.max(0, count))
  }
}

function unmaskFew(bytes: Uint8Array, start: number, end: number, key: number): boolean {
  const key0 = key & 0xff
  const key1 = (key >>> 8) & 0xff
  const key2 = (key >>> 16) & 0xff
  const key3 = key >>> 24
  let seen = 0
  let at = start
  for (const last = end - 4; at <= last; at += 4) {
    const plain0 = (bytes[at] as number) ^ key0
    const plain1 = (bytes[at + 1] as number) ^ key1
    const plain2 = (bytes[at + 2] as number) ^ key2
    const plain3 = (bytes[at + 3] as number) ^ key3
    bytes[at] = plain0
    bytes[at + 1] = plain1
    bytes[at + 2] = plain2
    bytes[at + 3] = plain3
    seen |= plain0 | plain1 | plain2 | plain3
  }
  for (let left = key; at < end; at++, left >>>= 8) {
    const plain = (bytes[at] as number) ^ (left & 0xff)
    bytes[at] = plain
    seen |= plain
  }
  return seen < 0x80
}

/** Rotates the key for a payload offset of `phase` bytes. */
function turned(key: number, phase: number): number {
  const bits = (phase & 3) << 3
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits))
}

function reversed(key: number): number {
  return (key << 24) | ((key & 0xff00) << 8) | ((key >>> 8) & 0xff00) | (key >>> 24)
}
