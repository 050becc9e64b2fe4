import { classSize } from './size-class.js'

/** The size of a page in bytes. */
export const PAGE = 64 * 1024

/** References within a page differ only in these bits. */
export const PAGE_BITS = 13

/** A part of the arena that is divided into blocks of one size. References are in units of eight bytes. */
export class Page {
  sizeClass = 0
  /** The size of a block in bytes. */
  size = 0
  /** Blocks in use. */
  live = 0
  /** The block freed last, which contains a reference to the one before; 0: none. */
  freed = 0
  /** No block from here to the end has been used. */
  untouched = 0
  /** Linked in its class's list of pages with free blocks. */
  linked = false
  next: Page | undefined
  previous: Page | undefined
  readonly #start: number

  constructor(start: number) {
    this.#start = start
    this.next = undefined
    this.previous = undefined
  }

  /** Divides an empty page into blocks of this class. */
  cut(sizeClass: number): void {
    this.sizeClass = sizeClass
    this.size = classSize(sizeClass)
    this.freed = 0
    // Reference 0 means none, so the very first block is skipped.
    this.untouched = this.#start === 0 ? this.size >>> 3 : this.#start
  }

  get hasRoom(): boolean {
    return this.freed !== 0 || this.untouched + (this.size >>> 3) <= this.#start + (PAGE >>> 3)
  }
}
