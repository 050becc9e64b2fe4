import { type Bytes, NOWHERE, type Span } from '../bytes.js'
import { HashIndex } from './hash-index.js'
import { Flag, type Heap, KIND, type Moment } from './heap.js'
import type { Resident } from './objects.js'

/**
 * A map from bytes to bytes or to an object. A database keeps its keys in one, a hash its fields, a set and a sorted set
 * their members. An entry is known by a reference, which is void once the entry is written to or removed.
 */
export class Dict implements Resident {
  readonly heap: Heap
  /** Redis would keep it in its compact form; see `encoding.ts`. */
  compact = true
  readonly #index: HashIndex
  #stamped = 0

  constructor(heap: Heap) {
    this.heap = heap
    this.#index = new HashIndex(heap)
  }

  get size(): number {
    return this.#index.size
  }

  /** How many entries have a stamp. */
  get stamped(): number {
    return this.#stamped
  }

  /** The entry with this key; 0: none. */
  find(key: Bytes, start: number, end: number): number {
    return this.#index.find(key.view, start, end)
  }

  /** Gives the key this value, whatever it had before; answers the entry. */
  set(key: Bytes, start: number, end: number, flags: number, value: Bytes, from: number, to: number): number {
    const old = this.#index.find(key.view, start, end)
    if (old !== 0 && this.heap.overwrite(old, flags, value, from, to)) return old
    return this.#put(old, this.heap.create(key, start, end, flags, value, from, to))
  }

  /** Gives the key an object as its value, whatever it had before; answers the entry. */
  setObject(key: Bytes, start: number, end: number, flags: number, object: Resident): number {
    const old = this.#index.find(key.view, start, end)
    return this.#put(old, this.heap.createObject(key, start, end, flags, object))
  }

  /** Gives the key's entry, which must be there, a stamp, or takes it away; answers the entry. */
  stamp(key: Bytes, start: number, end: number, stamp: Moment | undefined): number {
    const old = this.#index.find(key.view, start, end)
    const has = this.#isStamped(old)
    if (has && stamp !== undefined) this.heap.setMoment(old, stamp)
    if (has === (stamp !== undefined)) return old
    const entry = this.heap.restamp(old, stamp)
    this.#index.replace(entry)
    this.#stamped += has ? -1 : 1
    return entry
  }

  /** Gives the entry of one key, which must be there, another key, and removes what that had before. */
  rename(from: Span, to: Span): number {
    const old = this.#index.find(from.bytes.view, from.start, from.end)
    this.#index.remove()
    if (this.#isStamped(old)) this.#stamped--
    const entry = this.heap.rename(old, to)
    return this.#put(this.#index.find(to.bytes.view, to.start, to.end), entry)
  }

  remove(key: Bytes, start: number, end: number): boolean {
    const entry = this.#index.find(key.view, start, end)
    if (entry === 0) return false
    this.#index.remove()
    this.#free(entry)
    return true
  }

  /** Calls `visit` with each entry, in no order. It must not change the dict. */
  each(visit: (entry: number) => void): void {
    this.#index.each(visit)
  }

  /** See `HashIndex.scan`. */
  scan(cursor: number, count: number, visit: (entry: number) => void): number {
    return this.#index.scan(cursor, count, visit)
  }

  /** Any of the entries; 0 where there is none. */
  random(): number {
    return this.#index.random()
  }

  copy(heap: Heap): Dict {
    const dict = new Dict(heap)
    dict.compact = this.compact
    const key: Span = { ...NOWHERE }
    const value: Span = { ...NOWHERE }
    this.each(entry => {
      const flags = this.heap.flags(entry) & (KIND | Flag.Stamp)
      this.heap.key(entry, key)
      this.heap.value(entry, value)
      const twin = dict.set(key.bytes, key.start, key.end, flags, value.bytes, value.start, value.end)
      if ((flags & Flag.Stamp) !== 0) heap.setStamp(twin, this.heap.stamp(entry))
    })
    return dict
  }

  dispose(): void {
    this.#index.each(entry => this.heap.free(entry))
    this.#index.dispose()
  }

  #put(old: number, entry: number): number {
    if (this.#isStamped(entry)) this.#stamped++
    if (old === 0) this.#index.insert(entry)
    else {
      this.#index.replace(entry)
      this.#free(old)
    }
    return entry
  }

  #free(entry: number): void {
    if (this.#isStamped(entry)) this.#stamped--
    this.heap.free(entry)
  }

  #isStamped(entry: number): boolean {
    return (this.heap.flags(entry) & Flag.Stamp) !== 0
  }
}
