import { type Bytes, copy, NOWHERE, type Span, same } from '../bytes.js'
import { Arena } from './arena.js'
import { Blob } from './blob.js'
import { Objects, type Resident } from './objects.js'

/** The properties of an entry besides key and value: a kind from 0 to 7, chosen by its owner, and these flags. */
export const Flag = {
  /** Has a stamp: a number beside its value. The bit is also the size of the stamp in bytes. */
  Stamp: 8,
  /** The value is an object, whose handle is in the block. */
  Object: 16,
  /** The key is too long for the block, which contains the handle of a blob. */
  LongKey: 32,
  /** A string that was modified in part: Redis calls it `raw`, however short it is. */
  Raw: 64,
  /** A string that Redis does not call `int`, although it looks like an integer. */
  Text: 128,
} as const

export const KIND = 7
/** Flags that may change without changing the layout of the entry. */
const VARIANT = KIND | Flag.Raw | Flag.Text

/** Milliseconds since 1970: a number if that is exact, otherwise a 64-bit `bigint`. */
export type Moment = number | bigint

const FAR = 2n ** 63n

/** Longer keys and values are kept in blobs. */
const INLINE_KEY = 4 * 1024
const INLINE_VALUE = 8 * 1024

/** Four bytes for the key's length and the flags, and four for the value's length or handle. */
const HEAD = 8
const HANDLE = 4

/**
 * Entries: each is a key and a value in one block of an arena: head, optional stamp, key, value.
 *
 * A database has one heap for its keys and for the content of its sets, hashes and sorted sets. Dropping the heap
 * frees them all at once.
 */
export class Heap {
  readonly arena = new Arena()
  readonly #objects = new Objects()

  /** Makes an entry with copies of the key and the value. */
  create(
    key: Bytes,
    start: number,
    end: number,
    flags: number,
    value: Bytes,
    from: number,
    to: number,
  ): number {
    if (to - from > INLINE_VALUE) {
      return this.createObject(key, start, end, flags, Blob.copyOf(value, from, to))
    }
    const ref = this.#allocate(key, start, end, flags, to - from)
    copy(value, from, to, this.arena.bytes(ref), this.#valueAt(ref))
    return ref
  }

  createObject(key: Bytes, start: number, end: number, flags: number, object: Resident): number {
    const ref = this.#allocate(key, start, end, flags | Flag.Object, 0)
    this.arena.view(ref).setInt32(this.arena.at(ref) + 4, this.#objects.add(object), true)
    return ref
  }

  /** Replaces the entry's value in place; returns false if it does not fit or the flags have another layout. */
  overwrite(ref: number, flags: number, value: Bytes, from: number, to: number): boolean {
    const view = this.arena.view(ref)
    const at = this.arena.at(ref)
    const head = view.getInt32(at, true)
    if (((head ^ flags) & (Flag.Stamp | Flag.Object)) !== 0) return false
    const size = to - from
    const valueAt = at + beforeValue(head)
    if (size !== view.getInt32(at + 4, true)) {
      if (size > INLINE_VALUE || !this.arena.fits(ref, valueAt - at + size)) return false
      view.setInt32(at + 4, size, true)
    }
    view.setInt32(at, (head & ~VARIANT) | (flags & VARIANT), true)
    copy(value, from, to, this.arena.bytes(ref), valueAt)
    return true
  }

  /** Frees the entry and the object that is its value. */
  free(ref: number): void {
    const view = this.arena.view(ref)
    const at = this.arena.at(ref)
    if ((view.getUint8(at) & Flag.Object) !== 0) this.#objects.remove(view.getInt32(at + 4, true)).dispose()
    this.#release(ref)
  }

  /** Adds or removes the entry's stamp. The old reference becomes invalid. */
  restamp(ref: number, stamp: Moment | undefined): number {
    const flags = this.flags(ref) & ~(Flag.Stamp | Flag.LongKey)
    const key = this.key(ref, { ...NOWHERE })
    return this.#move(ref, key, stamp === undefined ? flags : flags | Flag.Stamp, stamp)
  }

  /** Replaces the entry's key. The old reference becomes invalid. */
  rename(ref: number, key: Span): number {
    const flags = this.flags(ref) & ~Flag.LongKey
    return this.#move(ref, key, flags, (flags & Flag.Stamp) !== 0 ? this.moment(ref) : undefined)
  }

  /** Whether this is the entry's key. */
  matches(ref: number, key: DataView, start: number, end: number): boolean {
    const view = this.arena.view(ref)
    const at = this.arena.at(ref)
    const head = view.getInt32(at, true)
    if ((head & Flag.LongKey) !== 0) return this.#matchesLong(ref, key, start, end)
    if (head >>> 8 !== end - start) return false
    return same(key, start, view, at + beforeKey(head), end - start)
  }

  flags(ref: number): number {
    return this.arena.view(ref).getUint8(this.arena.at(ref))
  }

  stamp(ref: number): number {
    return this.arena.view(ref).getFloat64(this.arena.at(ref) + HEAD, true)
  }

  /** Only for an entry with a stamp. */
  setStamp(ref: number, stamp: number): void {
    this.arena.view(ref).setFloat64(this.arena.at(ref) + HEAD, stamp, true)
  }

  /** The stamp as a moment. */
  moment(ref: number): Moment {
    const stamp = this.stamp(ref)
    return stamp >= 0 ? stamp : this.arena.view(ref).getBigInt64(this.arena.at(ref) + HEAD, true) + FAR
  }

  /**
   * Sets the entry's stamp. A moment that is not an exact number is stored as an integer, whose bits are those of a
   * negative stamp or NaN.
   */
  setMoment(ref: number, moment: Moment): void {
    if (typeof moment === 'number') this.setStamp(ref, moment)
    else this.arena.view(ref).setBigInt64(this.arena.at(ref) + HEAD, moment - FAR, true)
  }

  object(ref: number): Resident {
    return this.#objects.get(this.arena.view(ref).getInt32(this.arena.at(ref) + 4, true))
  }

  /** Sets `span` to the key, valid until the next change of the heap. */
  key(ref: number, span: Span): Span {
    const head = this.arena.view(ref).getInt32(this.arena.at(ref), true)
    const at = this.arena.at(ref) + beforeKey(head)
    if ((head & Flag.LongKey) !== 0) return whole(this.#longKey(ref), span)
    span.bytes = this.arena.bytes(ref)
    span.start = at
    span.end = at + (head >>> 8)
    return span
  }

  /** Sets `span` to the value's bytes, valid until the next change of the heap. */
  value(ref: number, span: Span): Span {
    const view = this.arena.view(ref)
    const at = this.arena.at(ref)
    const head = view.getInt32(at, true)
    if ((head & Flag.Object) !== 0) return whole(this.object(ref) as Blob, span)
    span.bytes = this.arena.bytes(ref)
    span.start = at + beforeValue(head)
    span.end = span.start + view.getInt32(at + 4, true)
    return span
  }

  #allocate(key: Bytes, start: number, end: number, flags: number, size: number): number {
    const long = end - start > INLINE_KEY
    const length = long ? HANDLE : end - start
    const head = beforeKey(flags)
    const ref = this.arena.allocate(head + length + size)
    const bytes = this.arena.bytes(ref)
    const at = this.arena.at(ref)
    bytes.view.setInt32(at, (length << 8) | flags | (long ? Flag.LongKey : 0), true)
    bytes.view.setInt32(at + 4, size, true)
    if (long) bytes.view.setInt32(at + head, this.#objects.add(Blob.copyOf(key, start, end)), true)
    else copy(key, start, end, bytes, at + head)
    return ref
  }

  /** Frees the block and a long key, but not the object. */
  #release(ref: number): void {
    const view = this.arena.view(ref)
    const at = this.arena.at(ref)
    const head = view.getInt32(at, true)
    if ((head & Flag.LongKey) !== 0) this.#objects.remove(view.getInt32(at + beforeKey(head), true))
    this.arena.free(ref)
  }

  #move(ref: number, key: Span, flags: number, stamp: Moment | undefined): number {
    const held = this.arena.view(ref).getInt32(this.arena.at(ref) + 4, true)
    const isObject = (flags & Flag.Object) !== 0
    const to = this.#allocate(key.bytes, key.start, key.end, flags, isObject ? 0 : held)
    if (isObject) this.arena.view(to).setInt32(this.arena.at(to) + 4, held, true)
    else {
      const from = this.#valueAt(ref)
      copy(this.arena.bytes(ref), from, from + held, this.arena.bytes(to), this.#valueAt(to))
    }
    if (stamp !== undefined) this.setMoment(to, stamp)
    this.#release(ref)
    return to
  }

  #valueAt(ref: number): number {
    const at = this.arena.at(ref)
    const head = this.arena.view(ref).getInt32(at, true)
    return at + beforeValue(head)
  }

  #longKey(ref: number): Blob {
    const at = this.arena.at(ref)
    const view = this.arena.view(ref)
    return this.#objects.get(view.getInt32(at + beforeKey(view.getUint8(at)), true)) as Blob
  }

  #matchesLong(ref: number, key: DataView, start: number, end: number): boolean {
    const blob = this.#longKey(ref)
    return blob.length === end - start && same(blob.bytes.view, 0, key, start, end - start)
  }
}

/** The offsets of the key and the value in a block, from its first four bytes. */
function beforeKey(head: number): number {
  return HEAD + (head & Flag.Stamp)
}

function beforeValue(head: number): number {
  return beforeKey(head) + (head >>> 8)
}

function whole(blob: Blob, span: Span): Span {
  span.bytes = blob.bytes
  span.start = 0
  span.end = blob.length
  return span
}
