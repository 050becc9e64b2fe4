import { hash } from './hash.js'
import type { Heap } from './heap.js'
import * as segment from './segment.js'
import { HEAD, LARGEST, SLOT, SMALLEST } from './segment.js'

/** 2 ** 24 full segments have more entries than a heap can hold. */
const MAX_DEPTH = 24

/** The number of different hashes. */
const HASHES = 2 ** 32

/**
 * Finds the entry of a key, by extendible hashing. The first bits of a hash select a segment from the directory, its
 * last bits the slot in the segment where the search starts. A segment that is nearly full grows, and at a thousand
 * slots splits in two by one more bit. If that makes more segments than the directory has places, the directory
 * doubles, which copies a few kilobytes. So adding a key never costs more than moving a thousand slots, a few
 * microseconds, however many keys there are.
 */
export class HashIndex {
  /** The number of entries. */
  size = 0
  readonly #heap: Heap
  /** References to segments, 2 ** depth of them. A segment selected by fewer bits has several places in a row. */
  #directory: number[]
  #depth = 0
  /** The key of the last search: its hash, its segment, and the slot where it is or would be. */
  #code = 0
  #segment = 0
  #slot = 0

  constructor(heap: Heap) {
    this.#heap = heap
    this.#directory = [this.#create(SMALLEST, 0)]
  }

  /** The entry with this key; 0: none. `insert`, `replace` and `remove` then refer to it. */
  find(key: DataView, start: number, end: number): number {
    const code = hash(key, start, end)
    const ref = this.#directory[this.#place(code)] as number
    const view = this.#heap.arena.view(ref)
    const first = this.#heap.arena.at(ref) + HEAD
    const slots = view.getUint16(first - HEAD, true)
    let slot = first + (((code & 0xffff) * slots) >>> 16) * SLOT
    let entry = view.getInt32(slot + 4, true)
    while (entry !== 0) {
      if (view.getInt32(slot, true) === code && this.#heap.matches(entry, key, start, end)) break
      slot += SLOT
      if (slot === first + slots * SLOT) slot = first
      entry = view.getInt32(slot + 4, true)
    }
    this.#code = code
    this.#segment = ref
    this.#slot = slot
    return entry
  }

  /** Adds the entry for the key that was not found. */
  insert(entry: number): void {
    const view = this.#heap.arena.view(this.#segment)
    const at = this.#heap.arena.at(this.#segment)
    this.size++
    if (segment.isFull(view, at)) this.#insertInFull(entry)
    else segment.fill(view, at, this.#slot, this.#code, entry)
  }

  /** Replaces the entry that was found. */
  replace(entry: number): void {
    this.#heap.arena.view(this.#segment).setInt32(this.#slot + 4, entry, true)
  }

  /** Removes the entry that was found. */
  remove(): void {
    const view = this.#heap.arena.view(this.#segment)
    const at = this.#heap.arena.at(this.#segment)
    segment.take(view, at, this.#slot)
    this.size--
    const size = segment.sizeOf(view, at)
    if (size > SMALLEST && segment.isSparse(view, at)) this.#resize(this.#code, size / 2)
  }

  /** Calls `visit` with each entry, in no particular order. It must not change the index. */
  each(visit: (entry: number) => void): void {
    for (let place = 0; place < this.#directory.length; place += this.#width(place)) {
      this.#visit(place, 0, HASHES, visit)
    }
  }

  /**
   * Calls `visit` with about `count` entries and returns the cursor to continue from; 0 is both the beginning and the
   * end. A cursor is a hash, and entries are visited in order of their hashes: an entry that exists all the time is
   * visited exactly once, however the index changes between the calls. `visit` must not change it.
   */
  scan(cursor: number, count: number, visit: (entry: number) => void): number {
    let from = cursor
    let left = count
    while (left > 0 && from < HASHES) {
      const place = this.#place(from | 0)
      const width = this.#width(place)
      const range = (HASHES / this.#directory.length) * width
      const end = (Math.floor(from / range) + 1) * range
      const share = Math.ceil((range * left) / Math.max(this.#count(place), 1))
      const to = Math.min(end, from + share)
      left -= this.#visit(place, from, to, visit)
      from = to
    }
    return from % HASHES
  }

  /** A random entry, all about equally likely; 0 if there is none. */
  random(): number {
    while (this.size > 0) {
      const ref = this.#directory[Math.floor(Math.random() * this.#directory.length)] as number
      const view = this.#heap.arena.view(ref)
      const at = this.#heap.arena.at(ref)
      const slots = (segment.sizeOf(view, at) - HEAD) / SLOT
      // A segment is nearly empty only if all are, or if it is small: a few attempts find an entry.
      const entry = view.getInt32(at + HEAD + Math.floor(Math.random() * slots) * SLOT + 4, true)
      if (entry !== 0) return entry
    }
    return 0
  }

  /** Frees the segments. The entries belong to their owner. */
  dispose(): void {
    let width: number
    for (let place = 0; place < this.#directory.length; place += width) {
      width = this.#width(place)
      this.#heap.arena.free(this.#directory[place] as number)
    }
  }

  #place(code: number): number {
    return (code >>> 1) >>> (31 - this.#depth)
  }

  /** How many places refer to the same segment as this one. */
  #width(place: number): number {
    const ref = this.#directory[place] as number
    return 1 << (this.#depth - segment.depthOf(this.#heap.arena.view(ref), this.#heap.arena.at(ref)))
  }

  #count(place: number): number {
    const ref = this.#directory[place] as number
    return segment.countOf(this.#heap.arena.view(ref), this.#heap.arena.at(ref))
  }

  /** Visits the entries whose hashes are in `[from, to)`; returns their number. */
  #visit(place: number, from: number, to: number, visit: (entry: number) => void): number {
    const ref = this.#directory[place] as number
    const view = this.#heap.arena.view(ref)
    const at = this.#heap.arena.at(ref)
    const end = at + segment.sizeOf(view, at)
    let visited = 0
    for (let slot = at + HEAD; slot < end; slot += SLOT) {
      const entry = view.getInt32(slot + 4, true)
      if (entry === 0) continue
      const code = view.getInt32(slot, true) >>> 0
      if (code < from || code >= to) continue
      visit(entry)
      visited++
    }
    return visited
  }

  #insertInFull(entry: number): void {
    const { arena } = this.#heap
    let ref = this.#segment
    while (segment.isFull(arena.view(ref), arena.at(ref))) {
      const size = segment.sizeOf(arena.view(ref), arena.at(ref))
      if (size < LARGEST) this.#resize(this.#code, size * 2)
      else this.#split(this.#code)
      ref = this.#directory[this.#place(this.#code)] as number
    }
    segment.put(arena.view(ref), arena.at(ref), this.#code, entry)
  }

  /** Moves the content of this hash's segment to a segment of another size. */
  #resize(code: number, size: number): void {
    const place = this.#place(code)
    const old = this.#directory[place] as number
    const depth = segment.depthOf(this.#heap.arena.view(old), this.#heap.arena.at(old))
    const width = this.#width(place)
    const first = place - (place % width)
    this.#directory.fill(this.#create(size, depth), first, first + width)
    this.#redistribute(old)
  }

  /** Replaces the segment of this hash by two. */
  #split(code: number): void {
    if (this.#width(this.#place(code)) === 1) this.#double()
    const place = this.#place(code)
    const old = this.#directory[place] as number
    const depth = segment.depthOf(this.#heap.arena.view(old), this.#heap.arena.at(old)) + 1
    const width = this.#width(place)
    const first = place - (place % width)
    this.#directory.fill(this.#create(LARGEST, depth), first, first + width / 2)
    this.#directory.fill(this.#create(LARGEST, depth), first + width / 2, first + width)
    this.#redistribute(old)
  }

  #double(): void {
    if (this.#depth === MAX_DEPTH) throw new RangeError('too many keys have the same hash')
    this.#depth++
    this.#directory = this.#directory.flatMap(ref => [ref, ref])
  }

  #create(size: number, depth: number): number {
    const ref = this.#heap.arena.allocate(size)
    segment.create(this.#heap.arena.view(ref), this.#heap.arena.at(ref), size, depth)
    return ref
  }

  /** Moves the entries of a segment that has left the directory to their new places. */
  #redistribute(old: number): void {
    const { arena } = this.#heap
    const view = arena.view(old)
    const at = arena.at(old)
    const end = at + segment.sizeOf(view, at)
    for (let slot = at + HEAD; slot < end; slot += SLOT) {
      const entry = view.getInt32(slot + 4, true)
      if (entry === 0) continue
      const code = view.getInt32(slot, true)
      const ref = this.#directory[this.#place(code)] as number
      segment.put(arena.view(ref), arena.at(ref), code, entry)
    }
    arena.free(old)
  }
}
