import type { BigIntStats } from 'node:fs'
import type { RequestHeaders } from '../message.js'

/** Identifies a version of a file. */
export interface Version {
  /** A strong entity tag, with its quotes. */
  readonly etag: string
  /** The modification time, in milliseconds since 1970 (whole seconds) and as an HTTP date. */
  readonly modified: number
  readonly lastModified: string
}

export function versionOf({ mtimeNs, size, ino }: BigIntStats): Version {
  const modified = Number(mtimeNs / 1_000_000_000n) * 1000
  return {
    etag: `"${mtimeNs.toString(36)}-${size.toString(36)}-${ino.toString(36)}"`,
    modified,
    lastModified: new Date(modified).toUTCString(),
  }
}

/** Evaluates a request's conditions: returns 200 to proceed, or the status to answer with (RFC 9110, 13.2.2). */
export function judge(headers: RequestHeaders, { etag, modified }: Version): 200 | 304 | 412 {
  const match = headers.get('if-match')
  if (match !== undefined) {
    if (!isListed(match, etag, true)) return 412
  } else {
    const unmodified = dateOf(headers.get('if-unmodified-since'))
    if (unmodified !== undefined && modified > unmodified) return 412
  }
  const none = headers.get('if-none-match')
  if (none !== undefined) return isListed(none, etag, false) ? 304 : 200
  const since = dateOf(headers.get('if-modified-since'))
  return since !== undefined && modified <= since ? 304 : 200
}

/** Whether a range request refers to the same version as the part that the peer has. */
export function isSameVersion(headers: RequestHeaders, { etag, modified }: Version): boolean {
  const condition = headers.get('if-range')
  if (condition === undefined) return true
  if (condition.endsWith('"')) return condition === etag
  // A file that changed within the last second may change again within it.
  return dateOf(condition) === modified && Date.now() - modified > 1000
}

function isListed(list: string, etag: string, strongly: boolean): boolean {
  if (list.trim() === '*') return true
  for (const [, weak, tag] of list.matchAll(/(W\/)?("[^"]*")/g)) {
    if (tag === etag && !(strongly && weak !== undefined)) return true
  }
  return false
}

/** The three date formats that RFC 9110 requires recipients to accept. */
const DATE =
  /^(?:\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|\w{6,9}, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT|\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})$/

/** Returns undefined for an invalid date, whose condition is ignored. */
function dateOf(text: string | undefined): number | undefined {
  if (text === undefined || !DATE.test(text)) return undefined
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(time) ? undefined : time
}
