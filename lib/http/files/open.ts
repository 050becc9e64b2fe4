import { type BigIntStats, closeSync, constants, fstatSync, openSync, realpathSync } from 'node:fs'
import { sep } from 'node:path'
import { HttpError } from '../http-error.js'

/** A file that is open for reading, or a folder that is there. */
export interface Opened {
  readonly fd: number
  readonly stats: BigIntStats
}

// A pipe is not waited for, and turns out to be no file.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** What systems say of a name that leads to nothing. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES', 'EPERM', 'ENXIO', 'EINVAL']

/**
 * Where `place` leads to once all links have been followed; undefined where that lies outside of `root`.
 *
 * @throws the system's error where it leads to nothing.
 */
export function within(place: string, root: string): string | undefined {
  const real = realpathSync.native(place)
  const realRoot = realpathSync.native(root)
  const inside = real === realRoot || real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)
  return inside ? real : undefined
}

/**
 * Opens what is at `place`; undefined where there is nothing that may be read, or where it lies outside of `root`, once
 * all links have been followed. The calls block, as those of most servers do: files are expected on a local disk.
 *
 * @throws an `HttpError` with status 503 where the system has no descriptor left; what else goes wrong as it is.
 */
export function open(place: string, root: string): Opened | undefined {
  try {
    const real = within(place, root)
    if (real === undefined) return undefined
    // Whoever puts a link there meanwhile is not followed.
    const fd = openSync(real, FLAGS)
    try {
      return { fd, stats: fstatSync(fd, { bigint: true }) }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (ABSENT.includes(code)) return undefined
    if (code === 'EMFILE' || code === 'ENFILE') {
      throw new HttpError(503, 'Service Unavailable', { cause: error })
    }
    throw error
  }
}
