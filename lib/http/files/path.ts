import { join } from 'node:path'
import { HttpError } from '../http-error.js'

/** How many paths to cache, and how long they may be. */
const REMEMBERED = 1000
const LONGEST = 256

/** Where a URL's path leads to below a root. */
export interface Target {
  readonly root: string
  readonly index: string
  /** The path below the root, without considering links; `open` does. */
  readonly place: string
  /** The path names a folder, and `place` is its index. */
  readonly isFolder: boolean
  /** Both of them, as a key. */
  readonly key: string
}

const targets = new Map<string, Target>()

/**
 * Returns where a path leads to, with `index` as the name of a folder's file.
 *
 * @throws as `namesOf` does; an `HttpError` with status 404 for a folder if `index` is empty.
 */
export function targetOf(path: string, root: string, index: string): Target {
  const known = targets.get(path)
  if (known !== undefined && known.root === root && known.index === index) return known
  const names = namesOf(path)
  const isFolder = path.endsWith('/') || names.length === 0
  if (isFolder && index === '') throw new HttpError(404, 'Not Found')
  const place = join(root, ...(isFolder ? [...names, index] : names))
  const target = { root, index, place, isFolder, key: `${root}\0${place}\0` }
  if (path.length > LONGEST) return target
  if (targets.size >= REMEMBERED) targets.clear()
  targets.set(path, target)
  return target
}

/**
 * Splits a URL's path into names, decoded once; empty for the root itself.
 *
 * @throws an `HttpError` with status 400 if it can't be decoded; with 404 for a name that no file below a root may
 * have: `..`, an encoded separator, a zero byte, a leading dot.
 */
export function namesOf(path: string): string[] {
  const names: string[] = []
  for (const part of path.split('/')) {
    if (part === '') continue
    const name = decode(part)
    if (name.startsWith('.') || /[/\\\0]/.test(name)) throw new HttpError(404, 'Not Found')
    names.push(name)
  }
  return names
}

function decode(part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch (error) {
    throw new HttpError(400, 'Bad Request: the path is not encoded as UTF-8', { cause: error })
  }
}
