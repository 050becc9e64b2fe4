import { type Stats, statSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { within } from './open.js'
import type { Representation } from './representation.js'

/** Files up to this length are kept in memory, and all of them together up to the other. */
export const SMALL = 64 * 1024
const ALL = 16 * 1024 * 1024

/** A representation, and by what one sees that the file at its place is still the same. */
interface Kept {
  readonly representation: Representation
  readonly modified: number
  readonly changed: number
  readonly inode: number
  /** The turn in which that was last looked at. */
  turn: number
}

const cache = new LRUCache<string, Kept>({
  maxSize: ALL,
  sizeCalculation: ({ representation }, place) => representation.size + place.length + 512,
})

let turn = 0
let counting = false

/** Counts turns of the event loop, while somebody asks. */
function currentTurn(): number {
  if (!counting) {
    counting = true
    setImmediate(() => {
      counting = false
      turn++
    })
  }
  return turn
}

/**
 * What is kept of the file at `place`, if that has not changed since and still lies below `root`; it is looked at once
 * in a turn of the event loop.
 */
export function kept(key: string, place: string, root: string): Representation | undefined {
  const found = cache.get(key)
  if (found === undefined) return undefined
  const now = currentTurn()
  if (found.turn === now) return found.representation
  const stats = look(place, root)
  if (stats?.mtimeMs !== found.modified || stats.ctimeMs !== found.changed || stats.ino !== found.inode) {
    cache.delete(key)
    return undefined
  }
  found.turn = now
  return found.representation
}

/** Keeps a representation with its bytes. */
export function keep(key: string, place: string, root: string, representation: Representation): void {
  const stats = look(place, root)
  if (stats === undefined || stats.size !== representation.size) return
  const { mtimeMs: modified, ctimeMs: changed, ino: inode } = stats
  // A file that was changed this very moment may be changed again within the same tick of its clock.
  if (Date.now() - changed < 20) return
  cache.set(key, { representation, modified, changed, inode, turn: currentTurn() })
}

/** Undefined where nothing can be looked at, for whatever reason: opening it tells. */
function look(place: string, root: string): Stats | undefined {
  try {
    const real = within(place, root)
    return real === undefined ? undefined : statSync(real)
  } catch {
    return undefined
  }
}
