import { Buffer } from 'node:buffer'
import { Arguments } from '../arguments.js'
import { Bytes, copy, NOWHERE, type Span } from '../bytes.js'
import { WRONG_TYPE } from '../refusal.js'
import type { Blob } from './blob.js'
import { Dict } from './dict.js'
import { Event } from './event.js'
import { Flag, Heap, KIND, type Moment } from './heap.js'
import { type Limits, usualLimits } from './limits.js'
import { List } from './list.js'
import type { Resident } from './objects.js'
import { Signals } from './signals.js'
import { SortedSet } from './sorted-set.js'

/** The kinds of values. */
export const Kind = { String: 0, List: 1, Set: 2, Hash: 3, SortedSet: 4 } as const
export type Kind = (typeof Kind)[keyof typeof Kind]

/** The values that are objects. */
interface Holdings {
  [Kind.List]: List
  [Kind.Set]: Dict
  [Kind.Hash]: Dict
  [Kind.SortedSet]: SortedSet
}

const MAKERS: { [K in keyof Holdings]: (heap: Heap) => Holdings[K] } = {
  [Kind.List]: heap => new List(heap),
  [Kind.Set]: heap => new Dict(heap),
  [Kind.Hash]: heap => new Dict(heap),
  [Kind.SortedSet]: heap => new SortedSet(heap),
}

const NONE: ReadonlyMap<string, unknown> = new Map()

/** How many keys `random` tries before it removes all expired ones. */
const ATTEMPTS = 100

/**
 * The keys of one database, with values and expiry. An argument of a command names a key: `find(args, 1)`. An expired
 * key is removed on access, or by `sweep`.
 */
export class Database {
  /** Where the compact encodings of OBJECT ENCODING end. */
  readonly limits: Limits
  /** The keys that clients are blocked on, as strings of bytes. */
  awaited: ReadonlyMap<string, unknown> = NONE
  /** The keys that clients watch, as strings of bytes. */
  watched: ReadonlyMap<string, unknown> = NONE
  readonly #signals: Signals
  #keys = new Dict(new Heap())
  /** Of the last string that was read. */
  #flags = 0
  #cursor = 0
  readonly #now: () => number
  readonly #span: Span = { ...NOWHERE }

  /** @param now - Milliseconds since 1970. */
  constructor(now: () => number, limits = usualLimits(), signals = new Signals()) {
    this.#now = now
    this.limits = limits
    this.#signals = signals
  }

  /** The number of keys, including expired ones that are not yet removed. */
  get size(): number {
    return this.#keys.size
  }

  /** The number of keys with an expiry. */
  get expiring(): number {
    return this.#keys.stamped
  }

  get heap(): Heap {
    return this.#keys.heap
  }

  now(): number {
    return this.#now()
  }

  /** The entry of a key; 0: none. Invalid once the key is written. */
  find(args: Arguments, index: number): number {
    const { bytes } = args
    const start = args.start(index)
    const end = args.end(index)
    const entry = this.#keys.find(bytes, start, end)
    if (entry === 0 || (this.heap.flags(entry) & Flag.Stamp) === 0) return entry
    if (!this.#hasExpired(entry, this.#now())) return entry
    this.#keys.remove(bytes, start, end)
    this.event(Event.Expired, 'expired', args, index)
    return 0
  }

  has(args: Arguments, index: number): boolean {
    return this.find(args, index) !== 0
  }

  kind(entry: number): Kind {
    return (this.heap.flags(entry) & KIND) as Kind
  }

  isString(args: Arguments, index: number): boolean {
    const entry = this.find(args, index)
    return entry !== 0 && this.kind(entry) === Kind.String
  }

  /**
   * The bytes of a string, valid until the next change; `undefined` if the key does not exist.
   *
   * @throws `WRONG_TYPE` for another kind of value, like all methods that expect a kind.
   */
  string(args: Arguments, index: number): Span | undefined {
    const entry = this.find(args, index)
    if (entry === 0) return undefined
    this.#flags = this.heap.flags(entry)
    if ((this.#flags & KIND) !== Kind.String) throw WRONG_TYPE
    return this.heap.value(entry, this.#span)
  }

  /** Whether the string that was read last can be modified in place, and still be an integer. */
  get isPlain(): boolean {
    return (this.#flags & (Flag.Raw | Flag.Text)) === 0
  }

  /** The object of a key; `undefined` if the key does not exist. After a change, call `event`. */
  object<K extends keyof Holdings>(args: Arguments, index: number, kind: K): Holdings[K] | undefined {
    const entry = this.find(args, index)
    if (entry === 0) return undefined
    if (this.kind(entry) !== kind) throw WRONG_TYPE
    return this.heap.object(entry) as Holdings[K]
  }

  /** The object of a key; creates an empty one if the key does not exist. */
  objectOrNew<K extends keyof Holdings>(args: Arguments, index: number, kind: K): Holdings[K] {
    const held = this.object(args, index, kind)
    if (held !== undefined) return held
    const made = MAKERS[kind](this.heap) as Holdings[K]
    this.setObject(args, index, kind, made)
    return made
  }

  /** Sets a key to a string without expiry. */
  setString(args: Arguments, index: number, value: Bytes, start: number, end: number): void {
    this.#keys.set(args.bytes, args.start(index), args.end(index), Kind.String, value, start, end)
  }

  /** Sets a key to an object without expiry. */
  setObject(args: Arguments, index: number, kind: Kind, object: Resident): void {
    this.#keys.setObject(args.bytes, args.start(index), args.end(index), kind, object)
    if (this.awaited.size > 0) this.#arrived(args, index)
  }

  /** Reports a change of a key: to the clients that watch it, and to those that requested this class of events. */
  event(kind: number, name: string, args: Arguments, index: number): void {
    const wanted = (this.#signals.wanted & kind) !== 0
    if ((!wanted && this.watched.size === 0) || !args.isText(index)) return
    const key = args.text(index)
    if (this.watched.has(key)) this.#signals.touched?.(this, key)
    if (wanted) this.#signals.happened(this, name, key)
  }

  #arrived(args: Arguments, index: number): void {
    if (!args.isText(index)) return
    const key = args.text(index)
    if (this.awaited.has(key)) this.#signals.arrived(this, key)
  }

  /** Replaces the bytes of a string, and keeps its expiry. */
  replaceString(args: Arguments, index: number, value: Bytes, start: number, end: number): void {
    this.#replaceString(args, index, Kind.String, value, start, end)
  }

  /** The same with a text that does not count as an integer, although it may look like one. */
  replaceText(args: Arguments, index: number, value: Bytes, start: number, end: number): void {
    this.#replaceString(args, index, Kind.String | Flag.Text, value, start, end)
  }

  #replaceString(args: Arguments, index: number, kind: number, value: Bytes, start: number, end: number) {
    const entry = this.find(args, index)
    if (entry !== 0) {
      const flags = (this.heap.flags(entry) & (Flag.Stamp | Flag.Object)) | kind
      if (this.heap.overwrite(entry, flags, value, start, end)) return
    }
    const expiry = entry === 0 ? undefined : this.#expiryOf(entry)
    this.#keys.set(args.bytes, args.start(index), args.end(index), kind, value, start, end)
    if (expiry !== undefined) this.expireAt(args, index, expiry)
  }

  /** Resizes a string and returns its bytes, which the caller writes at once. New bytes are 0. Keeps the expiry. */
  resizeString(args: Arguments, index: number, length: number): Span {
    const old = this.string(args, index)
    const entry = old === undefined ? 0 : this.find(args, index)
    if (entry !== 0 && (this.heap.flags(entry) & Flag.Object) !== 0) {
      const blob = this.heap.object(entry) as Blob
      blob.resize(length)
    } else {
      const bytes = new Bytes(Buffer.alloc(length))
      if (old !== undefined) copy(old.bytes, old.start, old.end, bytes, 0)
      this.#replaceString(args, index, Kind.String | Flag.Raw, bytes, 0, length)
    }
    return this.string(args, index) as Span
  }

  /** The expiry of a key, in milliseconds since 1970; `undefined`: none. */
  expiry(args: Arguments, index: number): Moment | undefined {
    const entry = this.find(args, index)
    return entry === 0 ? undefined : this.#expiryOf(entry)
  }

  /** Sets the expiry of an existing key; `undefined`: none. */
  expireAt(args: Arguments, index: number, when: Moment | undefined): void {
    this.#keys.stamp(args.bytes, args.start(index), args.end(index), when)
  }

  remove(args: Arguments, index: number): boolean {
    if (!this.has(args, index)) return false
    return this.#keys.remove(args.bytes, args.start(index), args.end(index))
  }

  /** Removes a key, and reports that. */
  delete(args: Arguments, index: number): boolean {
    const removed = this.remove(args, index)
    if (removed) this.event(Event.Generic, 'del', args, index)
    return removed
  }

  /** Moves the value of an existing key to another key. */
  rename(args: Arguments, from: number, to: number): void {
    this.#keys.rename(args.span(from), args.span(to))
    if (this.awaited.size > 0) this.#arrived(args, to)
  }

  /** Copies the value of an existing key to another place, with its expiry. */
  copy(args: Arguments, from: number, target: Database, to: number): void {
    const entry = this.find(args, from)
    const kind = this.kind(entry)
    const expiry = this.#expiryOf(entry)
    if (kind === Kind.String) {
      // Copies the bytes first, because the target may be the same heap, which moves its content.
      const value = Bytes.copyOf(this.heap.value(entry, this.#span))
      const flags = kind | (this.heap.flags(entry) & (Flag.Raw | Flag.Text))
      target.#keys.set(args.bytes, args.start(to), args.end(to), flags, value, 0, value.length)
    } else target.setObject(args, to, kind, this.heap.object(entry).copy(target.heap))
    if (expiry !== undefined) target.expireAt(args, to, expiry)
  }

  /** Calls `visit` with the entry of each key that has not expired; it must not change anything. */
  each(visit: (entry: number) => void): void {
    const now = this.#now()
    this.#keys.each(entry => {
      if (!this.#hasExpired(entry, now)) visit(entry)
    })
  }

  /** See `Dict.scan`. */
  scan(cursor: number, count: number, visit: (entry: number) => void): number {
    const now = this.#now()
    return this.#keys.scan(cursor, count, entry => {
      if (!this.#hasExpired(entry, now)) visit(entry)
    })
  }

  /** A random key that has not expired; 0 if there is none. */
  random(): number {
    const now = this.#now()
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const entry = this.#keys.random()
      if (!this.#hasExpired(entry, now)) return entry
    }
    this.sweep(Number.POSITIVE_INFINITY)
    return this.#keys.random()
  }

  /** Checks about `count` further keys and removes the expired ones; returns how many. */
  sweep(count: number): number {
    if (this.expiring === 0) return 0
    const now = this.#now()
    const expired: number[] = []
    this.#cursor = this.#keys.scan(this.#cursor, count, entry => {
      if (this.#hasExpired(entry, now)) expired.push(entry)
    })
    for (const entry of expired) this.#expire(entry)
    return expired.length
  }

  #expire(entry: number): void {
    const key = new Arguments()
    key.assign([copyOf(this.heap.key(entry, this.#span))])
    this.#keys.remove(key.bytes, key.start(0), key.end(0))
    this.event(Event.Expired, 'expired', key, 0)
  }

  /** Removes all keys in constant time. */
  clear(): void {
    this.#keys = new Dict(new Heap())
    this.#cursor = 0
  }

  #expiryOf(entry: number): Moment | undefined {
    return (this.heap.flags(entry) & Flag.Stamp) === 0 ? undefined : this.heap.moment(entry)
  }

  #hasExpired(entry: number, now: number): boolean {
    if (entry === 0 || (this.heap.flags(entry) & Flag.Stamp) === 0) return false
    const stamp = this.heap.stamp(entry)
    return stamp <= now && stamp >= 0
  }
}

function copyOf({ bytes, start, end }: Span): Buffer {
  return bytes.buffer.subarray(start, end)
}
