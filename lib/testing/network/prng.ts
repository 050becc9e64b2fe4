/**
 * Random choices in a simulation. Without a seed there are none: the oldest comes first, and everything is sent
 * whole. With one, all choices follow from it.
 */
export class Prng {
  readonly seeded: boolean
  #state: number

  constructor(seed: number | undefined) {
    this.seeded = seed !== undefined
    // Seeds beyond 32 bits may differ only in their upper half; both halves count.
    this.#state = seed === undefined ? 0 : (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b)) | 0
  }

  /** An index below `count`; the first without a seed. */
  below(count: number): number {
    return this.seeded && count > 1 ? this.#next() % count : 0
  }

  /** True once in `odds` times; never without a seed. */
  once(odds: number): boolean {
    return this.seeded && this.#next() % odds === 0
  }

  /** How much of `size` to send at once: all of it without a seed, else any amount from one byte, often all. */
  slice(size: number): number {
    if (!this.seeded || size < 2) return size
    const kind = this.#next() % 8
    if (kind < 4) return size
    return kind === 4 ? 1 : 1 + (this.#next() % size)
  }

  /** splitmix32: small, fast, and good enough to order events. */
  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let mixed = this.#state ^ (this.#state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}
