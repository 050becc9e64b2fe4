import { join } from 'node:path'
import { HttpError } from '../http-error.js'

/**
 * The names in a path of a URL, decoded once; an empty list for the root itself.
 *
 * @throws an `HttpError` with status 400 for what cannot be decoded, 404 for what no file under a root is called: `..`, a
 * separator that was encoded, a zero byte, a name that begins with a dot.
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

/** A place below `root`, as far as names tell; links are for whoever opens it. */
export function placeOf(root: string, names: readonly string[]): string {
  return join(root, ...names)
}
