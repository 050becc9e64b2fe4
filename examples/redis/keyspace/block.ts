import { Bytes, copy, type Span } from '../bytes.js'
import { bulkSize, writeBulk } from '../wire.js'
import type { Heap } from './heap.js'

/** Bytes of a mark. */
const MARK = 2

/**
 * A run of a list's elements as they go on the wire, `$3\r\nabc\r\n$1\r\nd\r\n`, which grows at both ends. In front of
 * them is a ring of marks that say where each element begins.
 */
export class Block {
  count = 0
  next: Block | undefined
  previous: Block | undefined
  readonly size: number
  readonly #heap: Heap
  /** The block of the arena; 0 where there is memory of its own, for an element that is too large. */
  readonly #ref: number
  readonly #bytes: Bytes
  /** Where the memory begins in `#bytes`; marks count from there. */
  readonly #base: number
  /** How many marks there are, and which of them is the first element's. */
  readonly #marks: number
  #first = 0
  /** Where the elements begin and end. */
  #head: number
  #tail: number

  /**
   * @param size - Its bytes.
   * @param element - What an element is expected to take; there are marks for as many as then fit.
   * @param leftwards - Whether it will grow towards its beginning.
   */
  constructor(heap: Heap, size: number, element: number, leftwards: boolean) {
    const own = MARK + element > size
    this.next = undefined
    this.previous = undefined
    this.size = own ? MARK + element : size
    this.#heap = heap
    this.#ref = own ? 0 : heap.arena.allocate(size)
    this.#bytes = own ? Bytes.allocate(this.size) : heap.arena.bytes(this.#ref)
    this.#base = own ? 0 : heap.arena.at(this.#ref)
    this.#marks = Math.floor(this.size / (MARK + element))
    this.#head = this.#base + (leftwards ? this.size : this.#marks * MARK)
    this.#tail = this.#head
  }

  /** Bytes of its elements. */
  get used(): number {
    return this.#tail - this.#head
  }

  /** Adds `bytes[start, end)` at its left; false where there is no room. */
  pushLeft(bytes: Bytes, start: number, end: number): boolean {
    const head = this.#head - bulkSize(end - start)
    if (this.count === this.#marks || head < this.#base + this.#marks * MARK) return false
    writeBulk(this.#bytes, head, bytes, start, end)
    this.#head = head
    this.#first = this.#first === 0 ? this.#marks - 1 : this.#first - 1
    this.count++
    this.#mark(0, head)
    return true
  }

  /** Adds `bytes[start, end)` at its right; false where there is no room. */
  pushRight(bytes: Bytes, start: number, end: number): boolean {
    const tail = this.#tail + bulkSize(end - start)
    if (this.count === this.#marks || tail > this.#base + this.size) return false
    writeBulk(this.#bytes, this.#tail, bytes, start, end)
    this.#mark(this.count, this.#tail)
    this.#tail = tail
    this.count++
    return true
  }

  /** Takes out `count` elements at its left, of which it has at least as many. */
  dropLeft(count: number): void {
    this.#head = this.#start(count)
    this.#first = this.#wrap(this.#first + count)
    this.count -= count
  }

  /** Takes out `count` elements at its right, of which it has at least as many. */
  dropRight(count: number): void {
    this.#tail = this.#start(this.count - count)
    this.count -= count
  }

  /** Says in `span` where the elements `[from, to)` lie on the wire. */
  locate(from: number, to: number, span: Span): Span {
    span.bytes = this.#bytes
    span.start = this.#start(from)
    span.end = this.#start(to)
    return span
  }

  /** Takes over the elements of another block, having none and room for all. */
  moveFrom(other: Block): void {
    if (this.#head === this.#base + this.size) this.#head -= other.used
    this.#tail = this.#head + other.used
    this.count = other.count
    copy(other.#bytes, other.#head, other.#tail, this.#bytes, this.#head)
    for (let index = 0; index < this.count; index++) {
      this.#mark(index, this.#head + other.#start(index) - other.#head)
    }
  }

  /** Gives its memory back. */
  dispose(): void {
    if (this.#ref !== 0) this.#heap.arena.free(this.#ref)
  }

  /** Where the element begins; for the one behind the last, where that ends. */
  #start(index: number): number {
    if (index === this.count) return this.#tail
    return this.#base + this.#bytes.view.getUint16(this.#place(index), true)
  }

  #mark(index: number, at: number): void {
    this.#bytes.view.setUint16(this.#place(index), at - this.#base, true)
  }

  #place(index: number): number {
    return this.#base + this.#wrap(this.#first + index) * MARK
  }

  #wrap(mark: number): number {
    return mark < this.#marks ? mark : mark - this.#marks
  }
}
