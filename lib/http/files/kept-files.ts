import { type BigIntStats, lstatSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { type Opened, within } from './open.js'
import type { Representation } from './representation.js'
import type { SharedDescriptor } from './shared-descriptor.js'

/** Files up to this length are kept in memory, and all of them together up to the other. */
export const SMALL = 64 * 1024
const ALL = 16 * 1024 * 1024

/** So many larger ones stay open, for so many milliseconds: a file that has been removed must not fill the disk for long. */
const MOST_OPEN = 64
const OPEN_FOR = 1000

/** Milliseconds in which a file may be changed twice within the same tick of its clock. */
const TICK = 20

/** A representation that can be sent, with its bytes or an open descriptor. */
export interface Ready {
  readonly what: Representation
  /** In use once more: who gets it releases it. */
  readonly descriptor: SharedDescriptor | undefined
}

/** By what one sees that the file at a place is still the same. */
interface Kept extends Ready {
  readonly stats: BigIntStats
  /** The folders between the root and the file; undefined where links lead to it. */
  readonly folders: readonly string[] | undefined
  /** The turn in which that was last looked at. */
  turn: number
}

const small = new LRUCache<string, Kept>({
  maxSize: ALL,
  sizeCalculation: ({ what }, place) => what.size + place.length + 512,
})

const large = new LRUCache<string, Kept>({
  max: MOST_OPEN,
  ttl: OPEN_FOR,
  ttlAutopurge: true,
  dispose: ({ descriptor }) => descriptor?.release(),
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
export function kept(key: string, place: string, root: string): Ready | undefined {
  const found = small.get(key) ?? large.get(key)
  if (found === undefined) return undefined
  const now = currentTurn()
  if (found.turn !== now && !isSame(look(found, place, root), found.stats)) {
    small.delete(key)
    large.delete(key)
    return undefined
  }
  found.turn = now
  found.descriptor?.use()
  return found
}

/** Keeps what has been read, or is open, for others. */
export function keep(
  key: string,
  { place, root }: { place: string; root: string },
  { what, descriptor }: Ready,
  { stats, inside }: Opened,
): void {
  if (Date.now() - Number(stats.ctimeNs / 1_000_000n) < TICK) return
  const folders = join(root, inside) === place ? foldersOf(root, inside) : undefined
  descriptor?.use()
  const cache = descriptor === undefined ? small : large
  cache.set(key, { what, descriptor, stats, folders, turn: -1 })
}

function foldersOf(root: string, inside: string): string[] {
  const folders: string[] = []
  for (let at = dirname(inside); at !== '.'; at = dirname(at)) folders.unshift(join(root, at))
  return folders
}

function isSame(now: BigIntStats | undefined, then: BigIntStats): boolean {
  return (
    now !== undefined &&
    now.mtimeNs === then.mtimeNs &&
    now.ctimeNs === then.ctimeNs &&
    now.ino === then.ino &&
    now.dev === then.dev
  )
}

/** Undefined where nothing can be looked at, for whatever reason: opening it tells. */
function look({ folders }: Kept, place: string, root: string): BigIntStats | undefined {
  try {
    if (folders === undefined) {
      return within(place, root) === undefined ? undefined : statSync(place, { bigint: true })
    }
    // No name on the way has become a link.
    for (const folder of folders) if (!lstatSync(folder).isDirectory()) return undefined
    return lstatSync(place, { bigint: true })
  } catch {
    return undefined
  }
}
