import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  realpathSync,
} from 'node:fs'
import { sep } from 'node:path'
import { HttpError } from '../http-error.js'

/** A file that is open for reading, or an existing folder. */
export interface Opened {
  readonly fd: number
  readonly stats: BigIntStats
  /** Its path below the root, after all links are followed. */
  readonly inside: string
}

// Opening a pipe must not block; it is rejected afterwards as not a file.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
const FOLLOWS_NONE = FLAGS | (constants.O_NOFOLLOW ?? 0)

/** The error codes for a name that leads to nothing. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES', 'EPERM', 'ENXIO', 'EINVAL']

/** Where the last file's root leads to. Resolved again when a file seems to be outside it. */
let lastRoot = ''
let lastRealRoot = ''
let askedAt = Number.NEGATIVE_INFINITY

/** Milliseconds after which the root is resolved again in any case. */
const LASTS = 1000

/**
 * Returns the path of `place` below `root` after all links are followed; undefined if it leads outside.
 *
 * @throws the system's error if it leads to nothing.
 */
export function within(place: string, root: string): string | undefined {
  return below(realpathSync.native(place), realpathSync.native(root))
}

/**
 * Returns the path of `real` below `realRoot`. `realRoot` is not empty, and ends with a separator only if it is the
 * file system's root.
 */
function below(real: string, realRoot: string): string | undefined {
  if (real === realRoot) return ''
  const start = realRoot.endsWith(sep) ? realRoot : realRoot + sep
  return real.startsWith(start) ? real.slice(start.length) : undefined
}

/**
 * Opens `place`. Returns undefined if nothing readable is there, or if it leads outside `root` once all links are
 * followed. The calls block, as in most servers: files are expected on a local disk.
 *
 * @throws an `HttpError` with status 503 if the system has no descriptor left; any other error unchanged.
 */
export function open(place: string, root: string): Opened | undefined {
  try {
    return process.platform === 'linux' ? openFirst(place, root) : lookFirst(place, root)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (ABSENT.includes(code)) return undefined
    if (code === 'EMFILE' || code === 'ENFILE') {
      throw new HttpError(503, 'Service Unavailable', { cause: error })
    }
    throw error
  }
}

/**
 * Opens first, then checks the location of the open file, which Linux reports: nothing can be exchanged between check
 * and use.
 */
function openFirst(place: string, root: string): Opened | undefined {
  const fd = openSync(place, FLAGS)
  try {
    const inside = insideOf(fd, place, root)
    if (inside !== undefined) return { fd, stats: fstatSync(fd, { bigint: true }), inside }
  } catch (error) {
    closeSync(fd)
    throw error
  }
  closeSync(fd)
  return undefined
}

function insideOf(fd: number, place: string, root: string): string | undefined {
  const real = whereIs(fd)
  // Without /proc.
  if (real === undefined) return within(place, root)
  const now = performance.now()
  if (root === lastRoot && now - askedAt < LASTS) {
    const inside = below(real, lastRealRoot)
    if (inside !== undefined) return inside
  }
  lastRealRoot = realpathSync.native(root)
  lastRoot = root
  askedAt = now
  return below(real, lastRealRoot)
}

function whereIs(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

function lookFirst(place: string, root: string): Opened | undefined {
  const inside = within(place, root)
  if (inside === undefined) return undefined
  // A link that is put there in the meantime is not followed.
  const fd = openSync(realpathSync.native(place), FOLLOWS_NONE)
  try {
    return { fd, stats: fstatSync(fd, { bigint: true }), inside }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
