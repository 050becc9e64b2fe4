import { classSize } from './size-class.js'

/** Bytes of a page. */
export const PAGE = 64 * 1024

/** References of one page have all but these bits in common. */
export const PAGE_BITS = 13

/** A piece of the arena that is cut in blocks of one size. References count in units of eight bytes. */
export class Page {
  sizeClass = 0
  /** Bytes of one block. */
  size = 0
  /** Blocks in use. */
  live = 0
  /** The block that was freed last, in which lies a reference to the one before; 0: none. */
  freed = 0
  /** From here to the end no block has been used. */
  untouched = 0
  /** In its class's list of pages with room. */
  linked = false
  next: Page | undefined
  previous: Page | undefined
  readonly #start: number

  constructor(start: number) {
    this.#start = start
    this.next = undefined
    this.previous = undefined
  }

  /** Makes an empty page one of blocks of this class. */
  cut(sizeClass: number): void {
    this.sizeClass = sizeClass
    this.size = classSize(sizeClass)
    this.freed = 0
    // Reference 0 means none, so the very first block is left out.
    this.untouched = this.#start === 0 ? this.size >>> 3 : this.#start
  }

  get hasRoom(): boolean {
    return this.freed !== 0 || this.untouched + (this.size >>> 3) <= this.#start + (PAGE >>> 3)
  }
}
