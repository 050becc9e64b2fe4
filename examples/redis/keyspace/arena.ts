import { Bytes } from '../bytes.js'
import { PAGE, PAGE_BITS, Page } from './page.js'
import { CLASSES, classFor } from './size-class.js'

/** The size of a chunk, and how many of these 32-bit references can address. */
const CHUNK = 4 * 1024 * 1024
const CHUNK_BITS = 19
const CHUNK_MASK = (1 << CHUNK_BITS) - 1
const MAX_CHUNKS = 1 << (32 - CHUNK_BITS)

/**
 * Memory for small blocks outside the JavaScript heap: a million entries add no object for the garbage collector. A
 * block is identified by a reference, a 32-bit number in units of eight bytes; 0 means none.
 *
 * Memory is allocated in chunks. A chunk is divided into pages, and a page into blocks of one size. Freed blocks are
 * reused for the same size; a page whose blocks are all free can be reused for any size. Chunks are never freed.
 */
export class Arena {
  readonly #chunks: Bytes[] = []
  /** The views of the same chunks: saves an indirection on the way to a block. */
  readonly #views: DataView[] = []
  readonly #pages: Page[] = []
  readonly #empty: Page[] = []
  /** By size class, the first page with free blocks. */
  readonly #roomy: (Page | undefined)[] = new Array(CLASSES + 1).fill(undefined)
  #used = 0

  /** Bytes in used blocks. */
  get used(): number {
    return this.#used
  }

  /** Bytes allocated from the OS. */
  get size(): number {
    return this.#chunks.length * CHUNK
  }

  bytes(ref: number): Bytes {
    return this.#chunks[ref >>> CHUNK_BITS] as Bytes
  }

  view(ref: number): DataView {
    return this.#views[ref >>> CHUNK_BITS] as DataView
  }

  /** The offset of the block in its `bytes` and `view`. */
  at(ref: number): number {
    return (ref & CHUNK_MASK) << 3
  }

  /** The size of the block in bytes; at least the size it was allocated with. */
  capacity(ref: number): number {
    return this.#pageOf(ref).size
  }

  /** Whether a block for `size` bytes would have the same size as this one. */
  fits(ref: number, size: number): boolean {
    return classFor(size) === this.#pageOf(ref).sizeClass
  }

  /** Allocates a block of at least `size` bytes, at most `LARGEST`. Its content is undefined. */
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
    // Keeps the last page of a class, so that freeing and allocating one block in turn does not divide it each time.
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

  /** Allocates another chunk; returns its first page and keeps the others for later. */
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
