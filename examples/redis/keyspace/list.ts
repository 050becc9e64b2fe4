import { type Bytes, NOWHERE, type Span } from '../bytes.js'
import { bulkSize, contentOf } from '../wire.js'
import { Block } from './block.js'
import type { Heap } from './heap.js'
import type { Resident } from './objects.js'

/** The size of the first block, and the size at which blocks stop growing. */
const SMALLEST = 64
const LARGEST = 8192

export type Side = 'left' | 'right'

/**
 * A list: a chain of blocks. Elements are kept in wire format, so a reply with a range copies a few runs of bytes;
 * `contentOf` finds an element's content in place.
 */
export class List implements Resident {
  length = 0
  readonly #heap: Heap
  #first: Block
  #last: Block
  readonly #span: Span = { ...NOWHERE }

  constructor(heap: Heap) {
    this.#heap = heap
    this.#first = new Block(heap, SMALLEST, SMALLEST / 4, false)
    this.#last = this.#first
  }

  push(side: Side, bytes: Bytes, start: number, end: number): void {
    this.length++
    if (side === 'left') {
      if (!this.#first.pushLeft(bytes, start, end))
        this.#extendLeft(bulkSize(end - start)).pushLeft(bytes, start, end)
    } else if (!this.#last.pushRight(bytes, start, end)) {
      this.#extendRight(bulkSize(end - start)).pushRight(bytes, start, end)
    }
  }

  /** The element at an end, in wire format. */
  end(side: Side): Span {
    const block = side === 'left' ? this.#first : this.#last
    const at = side === 'left' ? 0 : block.count - 1
    return block.locate(at, at + 1, this.#span)
  }

  /** Removes `count` elements at an end. There must be at least as many. */
  drop(side: Side, count: number): void {
    let left = count
    while (left > 0) {
      const block = side === 'left' ? this.#first : this.#last
      const here = Math.min(left, block.count)
      if (side === 'left') block.dropLeft(here)
      else block.dropRight(here)
      if (block.count === 0) this.#unlink(block)
      left -= here
      this.length -= here
    }
  }

  /** The element at an existing index, in wire format. */
  at(index: number): Span {
    const { block, offset } = this.#find(index)
    return block.locate(offset, offset + 1, this.#span)
  }

  /** Calls `visit` with the elements `[from, to)` in wire format, a run at a time. */
  range(from: number, to: number, visit: (run: Span) => void): void {
    if (from >= to) return
    let { block, offset } = this.#find(from)
    let left = to - from
    for (;;) {
      const here = Math.min(left, block.count - offset)
      visit(block.locate(offset, offset + here, this.#span))
      left -= here
      if (left === 0 || block.next === undefined) return
      block = block.next
      offset = 0
    }
  }

  /** Calls `visit` with the content of each element, starting at an end, until it returns false. */
  each(side: Side, visit: (element: Span, index: number) => boolean): void {
    let index = side === 'left' ? 0 : this.length - 1
    let block: Block | undefined = side === 'left' ? this.#first : this.#last
    while (block !== undefined) {
      for (let step = 0; step < block.count; step++) {
        const offset = side === 'left' ? step : block.count - 1 - step
        if (!visit(contentOf(block.locate(offset, offset + 1, this.#span)), index)) return
        index += side === 'left' ? 1 : -1
      }
      block = side === 'left' ? block.next : block.previous
    }
  }

  /** Replaces an element. */
  set(index: number, element: Span): void {
    const { block, offset } = this.#find(index)
    this.#replace(block, at =>
      at === offset ? [element] : [contentOf(block.locate(at, at + 1, this.#span))],
    )
  }

  /** Inserts an element before the one at an index. */
  insert(index: number, element: Span): void {
    if (index === this.length) return this.push('right', element.bytes, element.start, element.end)
    const { block, offset } = this.#find(index)
    this.#replace(block, at => {
      const old = contentOf(block.locate(at, at + 1, this.#span))
      return at === offset ? [element, old] : [old]
    })
    this.length++
  }

  /** Removes the elements at these indexes. */
  remove(indexes: ReadonlySet<number>): void {
    let index = 0
    let block: Block | undefined = this.#first
    while (block !== undefined) {
      const here: Block = block
      const start = index
      const gone = Array.from({ length: here.count }, (_, at) => indexes.has(start + at))
      block = here.next
      index += here.count
      if (gone.every(one => one)) this.#unlink(here)
      else if (gone.some(one => one)) {
        this.#replace(here, at => (gone[at] ? [] : [contentOf(here.locate(at, at + 1, this.#span))]))
      }
    }
    this.length -= indexes.size
  }

  copy(heap: Heap): List {
    const list = new List(heap)
    this.each('left', ({ bytes, start, end }) => {
      list.push('right', bytes, start, end)
      return true
    })
    return list
  }

  dispose(): void {
    for (let block: Block | undefined = this.#first; block !== undefined; block = block.next) block.dispose()
  }

  /** The block that contains an element, searched from the nearer end. */
  #find(index: number): { block: Block; offset: number } {
    if (index < this.length / 2) {
      let block = this.#first
      let offset = index
      for (; offset >= block.count && block.next !== undefined; block = block.next) offset -= block.count
      return { block, offset }
    }
    let block = this.#last
    let offset = index - this.length + block.count
    for (; offset < 0 && block.previous !== undefined; offset += block.count) block = block.previous
    return { block, offset }
  }

  /** A block at the left end with this much room. */
  #extendLeft(needed: number): Block {
    const roomier = this.#roomier(this.#first, needed, true)
    if (roomier !== undefined) return roomier
    const block = new Block(this.#heap, LARGEST, needed, true)
    this.#join(block, this.#remaining(this.#first))
    this.#join(undefined, block)
    return block
  }

  /** A block at the right end with this much room. */
  #extendRight(needed: number): Block {
    const roomier = this.#roomier(this.#last, needed, false)
    if (roomier !== undefined) return roomier
    const block = new Block(this.#heap, LARGEST, needed, false)
    this.#join(this.#remaining(this.#last), block)
    this.#join(block, undefined)
    return block
  }

  /** The block at an end, or none if it is empty and the only one: a block at an end must contain the end's element. */
  #remaining(block: Block): Block | undefined {
    if (block.count > 0) return block
    block.dispose()
    return undefined
  }

  /**
   * Replaces a block by one with room at an end: of the same size if only the position of the elements is wrong,
   * otherwise larger; `undefined` if that would be too large.
   */
  #roomier(block: Block, needed: number, leftwards: boolean): Block | undefined {
    const used = block.used + needed
    let size = Math.min(block.size, LARGEST)
    while (size < 2 * used && size < LARGEST) size *= 2
    if (size < 2 * used) return undefined
    const roomier = new Block(this.#heap, size, Math.ceil(used / (block.count + 1)), leftwards)
    roomier.moveFrom(block)
    const { previous, next } = block
    this.#join(previous, roomier)
    this.#join(roomier, next)
    block.dispose()
    return roomier
  }

  /** Replaces a block by blocks with what `elements` returns for each of its elements. */
  #replace(block: Block, elements: (offset: number) => readonly Span[]): void {
    let current: Block | undefined
    let last = block.previous
    for (let offset = 0; offset < block.count; offset++) {
      for (const { bytes, start, end } of elements(offset)) {
        if (current?.pushRight(bytes, start, end)) continue
        current = new Block(this.#heap, Math.min(block.size, LARGEST), bulkSize(end - start), false)
        current.pushRight(bytes, start, end)
        this.#join(last, current)
        last = current
      }
    }
    this.#join(last, block.next)
    block.dispose()
  }

  /** Removes a block with all its elements. One block always remains, possibly empty. */
  #unlink(block: Block): void {
    if (block === this.#first && block === this.#last) return block.dropLeft(block.count)
    const { previous, next } = block
    this.#join(previous, next)
    block.dispose()
  }

  /** Links two blocks; without one of them, the other becomes that end of the chain. */
  #join(left: Block | undefined, right: Block | undefined): void {
    if (left !== undefined) left.next = right
    else if (right !== undefined) this.#first = right
    if (right !== undefined) right.previous = left
    else if (left !== undefined) this.#last = left
  }
}
