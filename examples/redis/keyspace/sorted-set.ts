import { compare, NOWHERE, type Span } from '../bytes.js'
import { Dict } from './dict.js'
import { Flag, type Heap } from './heap.js'
import type { Resident } from './objects.js'
import { type IsBefore, Sequence } from './sequence.js'

/** Members with scores, ordered by score and then by bytes; and a dict to find a member's score. */
export class SortedSet implements Resident {
  readonly heap: Heap
  /** Redis would use its compact encoding; see `encoding.ts`. */
  compact = true
  readonly #members: Dict
  readonly #order = new Sequence()
  readonly #span: Span = { ...NOWHERE }

  constructor(heap: Heap) {
    this.heap = heap
    this.#members = new Dict(heap)
  }

  get size(): number {
    return this.#members.size
  }

  /** The entry of a member, for `score` and `member`; 0: none. */
  find({ bytes, start, end }: Span): number {
    return this.#members.find(bytes, start, end)
  }

  score(entry: number): number {
    return this.heap.stamp(entry)
  }

  /** The bytes of the member, valid until the next change. */
  member(entry: number, span: Span): Span {
    return this.heap.key(entry, span)
  }

  /** Sets the score of a member, new or existing. */
  set(member: Span, given: number): void {
    const { bytes, start, end } = member
    // Integers in a listpack have no negative zero.
    const score = this.compact && given === 0 ? 0 : given
    let entry = this.#members.find(bytes, start, end)
    if (entry !== 0) this.#order.remove(this.rank(member, this.score(entry)))
    else entry = this.#members.set(bytes, start, end, Flag.Stamp, bytes, start, start)
    this.heap.setStamp(entry, score)
    this.#order.insert(this.rank(member, score), score, entry)
  }

  /** Sets the entry's score as the compact encoding stores it. */
  settle(entry: number): void {
    if (this.score(entry) === 0) this.heap.setStamp(entry, 0)
  }

  remove(member: Span): boolean {
    const { bytes, start, end } = member
    const entry = this.#members.find(bytes, start, end)
    if (entry === 0) return false
    this.#order.remove(this.rank(member, this.score(entry)))
    this.#members.remove(bytes, start, end)
    return true
  }

  /** The number of members before this one with this score. */
  rank(member: Span, score: number): number {
    return this.partition((otherScore, other) => {
      if (otherScore !== score) return otherScore < score
      return compare(this.heap.key(other, this.#span), member) < 0
    })
  }

  /** The number of members for which `before` is true; these are the first ones. */
  partition(before: IsBefore): number {
    return this.#order.partition(before)
  }

  /** Calls `visit` with some members; see `Dict.scan`. */
  scan(cursor: number, count: number, visit: (entry: number) => void): number {
    return this.#members.scan(cursor, count, visit)
  }

  /** Calls `visit` with each member's entry, in order. It must not change the set. */
  each(visit: (entry: number) => void): void {
    this.#order.each(0, this.size, visit)
  }

  /** A random member's entry. */
  random(): number {
    return this.#members.random()
  }

  /** The entries of the members `[from, to)`. */
  slice(from: number, to: number): number[] {
    const entries: number[] = []
    this.#order.each(from, to, entry => entries.push(entry))
    return entries
  }

  copy(heap: Heap): SortedSet {
    const twin = new SortedSet(heap)
    twin.compact = this.compact
    const span: Span = { ...NOWHERE }
    this.#order.each(0, this.size, (entry, score) => twin.set(this.member(entry, span), score))
    return twin
  }

  dispose(): void {
    this.#members.dispose()
  }
}
