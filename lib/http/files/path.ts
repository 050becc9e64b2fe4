import { join } from 'node:path'
import { HttpError } from '../http-error.js'

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

/** Joins names to a path below `root`. Does not consider links; `open` does. */
export function placeOf(root: string, names: readonly string[]): string {
  return join(root, ...names)
}
