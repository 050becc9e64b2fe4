import { createHash, type Hash } from 'node:crypto'

/**
 * Hashes a value made of strings, numbers, bytes, arrays and plain objects: equal contents have equal fingerprints.
 * Returns undefined if the value contains anything else.
 */
export function fingerprint(value: unknown): string | undefined {
  const hash = createHash('sha256')
  return feed(hash, value) ? hash.digest('base64') : undefined
}

/** Hashes each value after its type and length, so that different values never hash the same bytes. */
function feed(hash: Hash, value: unknown): boolean {
  if (value === null || value === undefined) hash.update(`${value};`)
  else if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    hash.update(`${typeof value} ${value};`)
  } else if (typeof value === 'string') hash.update(`string ${value.length};`).update(value, 'utf16le')
  else if (value instanceof Uint8Array) hash.update(`bytes ${value.length};`).update(value)
  else if (Array.isArray(value)) {
    hash.update(`array ${value.length};`)
    return value.every(item => feed(hash, item))
  } else return feedObject(hash, value)
  return true
}

function feedObject(hash: Hash, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  hash.update(`object ${entries.length};`)
  return entries.every(([name, item]) => feed(hash, name) && feed(hash, item))
}
