import { type Bytes, NOWHERE, type Span } from '../bytes.js'
import { HashIndex } from './hash-index.js'
import { Flag, type Heap, KIND, type Moment } from './heap.js'
import type { Resident } from './objects.js'

/**
 * A map from bytes to bytes or to an object: the keys of a database, the fields of a hash, the members of a set or
 * sorted set. An entry is identified by a reference, which is invalid once the entry is written or removed.
 */
export class Dict implements Resident {
  readonly heap: Heap
  /** Redis would use its compact encoding; see `encoding.ts`. */
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

  /** The number of entries with a stamp. */
  get stamped(): number {
    return this.#stamped
  }

  /** The entry with this key; 0: none. */
  find(key: Bytes, start: number, end: number): number {
    return this.#index.find(key.view, start, end)
  }

  /** Sets the value of a key; returns the entry. */
  set(key: Bytes, start: number, end: number, flags: number, value: Bytes, from: number, to: number): number {
    const old = this.#index.find(key.view, start, end)
    if (old !== 0 && this.heap.overwrite(old, flags, value, from, to)) return old
    return this.#put(old, this.heap.create(key, start, end, flags, value, from, to))
  }

  /** Sets the value of a key to an object; returns the entry. */
  setObject(key: Bytes, start: number, end: number, flags: number, object: Resident): number {
    const old = this.#index.find(key.view, start, end)
    return this.#put(old, this.heap.createObject(key, start, end, flags, object))
  }

  /** Sets or removes the stamp of an existing key; returns the entry. */
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

  /** Gives the entry of an existing key another key, and removes that key's old entry. */
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

  /** Calls `visit` with each entry, in no particular order. It must not change the dict. */
  each(visit: (entry: number) => void): void {
    this.#index.each(visit)
  }

  /** See `HashIndex.scan`. */
  scan(cursor: number, count: number, visit: (entry: number) => void): number {
    return this.#index.scan(cursor, count, visit)
  }

  /** A random entry; 0 if there is none. */
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
