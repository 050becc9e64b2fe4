import { Bytes, copy, type Span } from '../bytes.js'
import { bulkSize, writeBulk } from '../wire.js'
import type { Heap } from './heap.js'

/** The size of a mark in bytes. */
const MARK = 2

/**
 * A run of a list's elements in wire format, `$3\r\nabc\r\n$1\r\nd\r\n`, which grows at both ends. Before them is a
 * ring of marks with the start of each element.
 */
export class Block {
  count = 0
  next: Block | undefined
  previous: Block | undefined
  readonly size: number
  readonly #heap: Heap
  /** The block of the arena; 0 for an element that is too large and has separate memory. */
  readonly #ref: number
  readonly #bytes: Bytes
  /** The offset of the memory in `#bytes`, which marks are relative to. */
  readonly #base: number
  /** The number of marks, and the index of the first element's. */
  readonly #marks: number
  #first = 0
  /** The start and end of the elements. */
  #head: number
  #tail: number

  /**
   * @param size - Its bytes.
   * @param element - The expected size of an element, which determines the number of marks.
   * @param leftwards - Whether it will grow to the left.
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

  /** The size of its elements in bytes. */
  get used(): number {
    return this.#tail - this.#head
  }

  /** Adds `bytes[start, end)` on the left; returns false if there is no room. */
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

  /** Adds `bytes[start, end)` on the right; returns false if there is no room. */
  pushRight(bytes: Bytes, start: number, end: number): boolean {
    const tail = this.#tail + bulkSize(end - start)
    if (this.count === this.#marks || tail > this.#base + this.size) return false
    writeBulk(this.#bytes, this.#tail, bytes, start, end)
    this.#mark(this.count, this.#tail)
    this.#tail = tail
    this.count++
    return true
  }

  /** Removes `count` elements on the left. There must be at least as many. */
  dropLeft(count: number): void {
    this.#head = this.#start(count)
    this.#first = this.#wrap(this.#first + count)
    this.count -= count
  }

  /** Removes `count` elements on the right. There must be at least as many. */
  dropRight(count: number): void {
    this.#tail = this.#start(this.count - count)
    this.count -= count
  }

  /** Sets `span` to the elements `[from, to)` in wire format. */
  locate(from: number, to: number, span: Span): Span {
    span.bytes = this.#bytes
    span.start = this.#start(from)
    span.end = this.#start(to)
    return span
  }

  /** Takes over the elements of another block. Must be empty, with room for all of them. */
  moveFrom(other: Block): void {
    if (this.#head === this.#base + this.size) this.#head -= other.used
    this.#tail = this.#head + other.used
    this.count = other.count
    copy(other.#bytes, other.#head, other.#tail, this.#bytes, this.#head)
    for (let index = 0; index < this.count; index++) {
      this.#mark(index, this.#head + other.#start(index) - other.#head)
    }
  }

  /** Frees its memory. */
  dispose(): void {
    if (this.#ref !== 0) this.#heap.arena.free(this.#ref)
  }

  /** The start of an element; for the index after the last one, the end. */
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
