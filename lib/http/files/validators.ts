import type { BigIntStats } from 'node:fs'
import type { RequestHeaders } from '../message.js'

/** What tells one version of a file from another. */
export interface Version {
  /** A strong entity tag, in its quotes. */
  readonly etag: string
  /** When it was last modified, in whole seconds of milliseconds since 1970, and as a date of HTTP. */
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

/** What a request's conditions make of it: it goes on, or has a status of its own (RFC 9110, 13.2.2). */
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

/** Whether a range is of the version that the peer has a part of. */
export function isSameVersion(headers: RequestHeaders, { etag, modified }: Version): boolean {
  const condition = headers.get('if-range')
  if (condition === undefined) return true
  if (condition.endsWith('"')) return condition === etag
  // A file that was changed this very second may be changed again within it.
  return dateOf(condition) === modified && Date.now() - modified > 1000
}

function isListed(list: string, etag: string, strongly: boolean): boolean {
  if (list.trim() === '*') return true
  for (const [, weak, tag] of list.matchAll(/(W\/)?("[^"]*")/g)) {
    if (tag === etag && !(strongly && weak !== undefined)) return true
  }
  return false
}

/** The three forms of a date that RFC 9110 has recipients know. */
const DATE =
  /^(?:\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|\w{6,9}, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT|\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})$/

/** Undefined for what is no date of HTTP: such a condition is ignored. */
function dateOf(text: string | undefined): number | undefined {
  if (text === undefined || !DATE.test(text)) return undefined
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(time) ? undefined : time
}
