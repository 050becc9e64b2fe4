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

/** A file that is open for reading, or a folder that is there. */
export interface Opened {
  readonly fd: number
  readonly stats: BigIntStats
  /** Its path below the root, once all links have been followed. */
  readonly inside: string
}

// A pipe is not waited for, and turns out to be no file.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
const FOLLOWS_NONE = FLAGS | (constants.O_NOFOLLOW ?? 0)

/** What systems say of a name that leads to nothing. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES', 'EPERM', 'ENXIO', 'EINVAL']

/** Where the root of the last file leads to, which is asked again when something seems to lie outside of it. */
let lastRoot = ''
let lastRealRoot = ''
let askedAt = Number.NEGATIVE_INFINITY

/** Milliseconds after which it is asked again anyway. */
const LASTS = 1000

/**
 * The path of what is at `place` below `root`, once all links have been followed; undefined where that lies outside.
 *
 * @throws the system's error where it leads to nothing.
 */
export function within(place: string, root: string): string | undefined {
  return below(realpathSync.native(place), realpathSync.native(root))
}

/** The path of `real` below `realRoot`, which is neither empty nor ends by a separator unless it is that. */
function below(real: string, realRoot: string): string | undefined {
  if (real === realRoot) return ''
  const start = realRoot.endsWith(sep) ? realRoot : realRoot + sep
  return real.startsWith(start) ? real.slice(start.length) : undefined
}

/**
 * Opens what is at `place`; undefined where there is nothing that may be read, or where it lies outside of `root`, once
 * all links have been followed. The calls block, as those of most servers do: files are expected on a local disk.
 *
 * @throws an `HttpError` with status 503 where the system has no descriptor left; what else goes wrong as it is.
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

/** Linux tells where what is open lies: so nothing can be exchanged between a look and the opening. */
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
  // Whoever puts a link there meanwhile is not followed.
  const fd = openSync(realpathSync.native(place), FOLLOWS_NONE)
  try {
    return { fd, stats: fstatSync(fd, { bigint: true }), inside }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
