/** A prime, so that no message size is a multiple of it. */
const PERIOD = 65_521
/** The longest piece that is available without wrapping. */
export const LONGEST = 262_144

/**
 * The bytes that a connection sends: an endless stream with access to any position, so that received bytes can be
 * compared without storing what was sent.
 */
export class Pattern {
  readonly #bytes: Buffer

  constructor() {
    this.#bytes = Buffer.alloc(PERIOD + LONGEST)
    let state = 2_463_534_242
    for (let i = 0; i < PERIOD; i++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      this.#bytes[i] = state
    }
    for (let i = PERIOD; i < this.#bytes.length; i++) this.#bytes[i] = this.#bytes[i - PERIOD] ?? 0
  }

  /** `size` bytes, at most `LONGEST`, from a position of the stream. A view, not a copy. */
  at(position: number, size: number): Buffer {
    const start = position % PERIOD
    return this.#bytes.subarray(start, start + size)
  }

  /** How many of `bytes` differ from the stream at that position; compares at most `LONGEST` bytes. */
  mismatches(bytes: Buffer, position: number): number {
    const expected = this.at(position, bytes.length)
    if (expected.equals(bytes)) return 0
    let wrong = 0
    for (const [i, byte] of bytes.entries()) if (byte !== expected[i]) wrong++
    return wrong
  }
}
