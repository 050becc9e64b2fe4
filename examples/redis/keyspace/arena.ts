import { Bytes } from '../bytes.js'
import { PAGE, PAGE_BITS, Page } from './page.js'
import { CLASSES, classFor } from './size-class.js'

/** Bytes asked from the system at a time, and how many of these references of 32 bits reach. */
const CHUNK = 4 * 1024 * 1024
const CHUNK_BITS = 19
const CHUNK_MASK = (1 << CHUNK_BITS) - 1
const MAX_CHUNKS = 1 << (32 - CHUNK_BITS)

/**
 * Memory for small blocks, outside of the JavaScript heap: a million entries are not one object more for the garbage
 * collector to look at. A block is known by a reference, a 32 bit number that counts in units of eight bytes; 0 is none.
 *
 * The memory comes in chunks, a chunk is cut in pages, and a page in blocks of one size. Freed blocks are used again by
 * the next of that size; a page whose last block was freed is there for any size again. Chunks are kept.
 */
export class Arena {
  readonly #chunks: Bytes[] = []
  /** The same chunks' views: one step less on the way to a block. */
  readonly #views: DataView[] = []
  readonly #pages: Page[] = []
  readonly #empty: Page[] = []
  /** By size class, the first of the pages that have room. */
  readonly #roomy: (Page | undefined)[] = new Array(CLASSES + 1).fill(undefined)
  #used = 0

  /** Bytes in blocks that are in use. */
  get used(): number {
    return this.#used
  }

  /** Bytes asked from the system. */
  get size(): number {
    return this.#chunks.length * CHUNK
  }

  bytes(ref: number): Bytes {
    return this.#chunks[ref >>> CHUNK_BITS] as Bytes
  }

  view(ref: number): DataView {
    return this.#views[ref >>> CHUNK_BITS] as DataView
  }

  /** Where the block begins in its `bytes` and `view`. */
  at(ref: number): number {
    return (ref & CHUNK_MASK) << 3
  }

  /** How many bytes the block has; at least as many as it was allocated with. */
  capacity(ref: number): number {
    return this.#pageOf(ref).size
  }

  /** Whether a block allocated for `size` bytes, would be just as large as this one. */
  fits(ref: number, size: number): boolean {
    return classFor(size) === this.#pageOf(ref).sizeClass
  }

  /** A block of at least `size` bytes, which are at most `LARGEST`. What is in it is undefined. */
  allocate(size: number): number {
    const sizeClass = classFor(size)
    const page = this.#roomy[sizeClass] ?? this.#open(sizeClass)
    let ref = page.freed
    if (ref !== 0) page.freed = this.view(ref).getInt32(this.at(ref), true)
    else {
      ref = page.untouched
      page.untouched += page.size >>> 3
    }
    page.live++
    this.#used += page.size
    if (!page.hasRoom) this.#unlink(page)
    return ref
  }

  free(ref: number): void {
    const page = this.#pageOf(ref)
    this.view(ref).setInt32(this.at(ref), page.freed, true)
    page.freed = ref
    page.live--
    this.#used -= page.size
    if (!page.linked) this.#link(page)
    // The last page of a class is kept, so that one block freed and allocated in turn does not cut it every time.
    const alone = page.next === undefined && page.previous === undefined
    if (page.live === 0 && !alone) {
      this.#unlink(page)
      this.#empty.push(page)
    }
  }

  #pageOf(ref: number): Page {
    return this.#pages[ref >>> PAGE_BITS] as Page
  }

  #open(sizeClass: number): Page {
    const page = this.#empty.pop() ?? this.#grow()
    page.cut(sizeClass)
    this.#link(page)
    return page
  }

  /** Another chunk; answers its first page, the others are there for later. */
  #grow(): Page {
    if (this.#chunks.length === MAX_CHUNKS) throw new RangeError('the arena is full: it has 32 GiB')
    const start = this.#chunks.length << CHUNK_BITS
    const chunk = Bytes.allocate(CHUNK)
    this.#chunks.push(chunk)
    this.#views.push(chunk.view)
    const pages: Page[] = []
    for (let at = 0; at < CHUNK; at += PAGE) pages.push(new Page(start + (at >>> 3)))
    this.#pages.push(...pages)
    this.#empty.push(...pages.slice(1).reverse())
    return pages[0] as Page
  }

  #link(page: Page): void {
    const first = this.#roomy[page.sizeClass]
    page.linked = true
    page.next = first
    if (first !== undefined) first.previous = page
    this.#roomy[page.sizeClass] = page
  }

  #unlink(page: Page): void {
    if (page.previous === undefined) this.#roomy[page.sizeClass] = page.next
    else page.previous.next = page.next
    if (page.next !== undefined) page.next.previous = page.previous
    page.linked = false
    page.next = undefined
    page.previous = undefined
  }
}
