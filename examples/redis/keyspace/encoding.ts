import { NOWHERE, type Span } from '../bytes.js'
import { parseInteger } from '../numbers.js'
import type { Database } from './database.js'
import type { Dict } from './dict.js'
import type { SortedSet } from './sorted-set.js'

/**
 * Redis keeps small values in compact encodings until something is added that does not fit; they never change back.
 * These functions track that for an added element; for a member of a sorted set before it is added, because its score
 * depends on the encoding.
 */
export function noteField({ limits }: Database, hash: Dict, field: number, value: number): void {
  if (!hash.compact) return
  if (field > limits.hashValue || value > limits.hashValue || hash.size > limits.hashEntries) {
    hash.compact = false
  }
}

export function noteMember({ limits }: Database, set: Dict, { bytes, start, end }: Span): void {
  if (!set.compact) return
  if (set.size > limits.setIntegers || parseInteger(bytes, start, end) === undefined) set.compact = false
}

export function noteScored({ limits }: Database, set: SortedSet, length: number): void {
  if (!set.compact) return
  if (length > limits.sortedSetValue || set.size >= limits.sortedSetEntries) set.compact = false
}

/** The same for all members of a new set. */
export function noteSet(database: Database, set: Dict): void {
  const member: Span = { ...NOWHERE }
  set.each(entry => noteMember(database, set, set.heap.key(entry, member)))
}

export function noteSortedSet({ limits }: Database, set: SortedSet): void {
  const member: Span = { ...NOWHERE }
  let longest = 0
  set.each(entry => {
    const { start, end } = set.member(entry, member)
    longest = Math.max(longest, end - start)
  })
  set.compact = longest <= limits.sortedSetValue && set.size <= limits.sortedSetEntries
  if (set.compact) set.each(entry => set.settle(entry))
}
