import { type BigIntStats, lstatSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { type Opened, within } from './open.js'
import type { Representation } from './representation.js'
import type { SharedDescriptor } from './shared-descriptor.js'

/** The size up to which a file is cached in memory, and the limit on all cached files. */
export const SMALL = 64 * 1024
const ALL = 16 * 1024 * 1024

/**
 * How many larger files to keep open, and for how many milliseconds: a deleted file must not fill the disk for long.
 */
const MOST_OPEN = 64
const OPEN_FOR = 1000

/** Milliseconds in which a file may change twice without a new modification time. */
const TICK = 20

/** A representation that can be sent, with its bytes or an open descriptor. */
export interface Ready {
  readonly what: Representation
  /** Already counted as in use: whoever receives it releases it. */
  readonly descriptor: SharedDescriptor | undefined
}

/** A cached file, with what identifies the version on disk. */
interface Kept extends Ready {
  readonly stats: BigIntStats
  /** The folders between the root and the file; undefined if links lead to it. */
  readonly folders: readonly string[] | undefined
  /** The turn in which it was last checked. */
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
  // Otherwise a timer resets the cached time: after nearly every turn, if the files are large.
  ttlResolution: 0,
  dispose: ({ descriptor }) => descriptor?.release(),
})

let turn = 0
let counting = false

/** Counts turns of the event loop while the cache is in use. */
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
 * Returns the cached file at `place` if it has not changed and is still below `root`; checks that once in a turn of
 * the event loop.
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

/** Caches a file that has been read or opened. */
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

/** Returns undefined if the file can't be inspected for any reason; opening it reports why. */
function look({ folders }: Kept, place: string, root: string): BigIntStats | undefined {
  try {
    if (folders === undefined) {
      return within(place, root) === undefined ? undefined : statSync(place, { bigint: true })
    }
    // Checks that no folder on the path has become a link.
    for (const folder of folders) if (!lstatSync(folder).isDirectory()) return undefined
    return lstatSync(place, { bigint: true })
  } catch {
    return undefined
  }
}
