import { Buffer, isAscii } from 'node:buffer'
import { type BigIntStats, readSync } from 'node:fs'
import { HttpError } from '../http-error.js'
import type { Pair } from '../with-fields.js'
import type { Encoding } from './encodings.js'
import { mediaTypeOf } from './media-type.js'
import type { Opened } from './open.js'
import { type Version, versionOf } from './validators.js'

/** A file as it is sent: its metadata and its bytes. */
export interface Representation extends Version {
  readonly size: number
  readonly type: string
  /** Its fields, except for its length. */
  readonly headers: readonly Pair[]
  /** The whole content, if it is cached in memory. */
  readonly content: Buffer | undefined
  /** The same as a string, if that is faster to write. */
  readonly text: string | undefined
}

/** Describes an open file, without its bytes. */
export function describe(
  { stats }: Opened,
  name: string,
  encoding: Encoding | undefined,
  varies: boolean,
): Representation {
  const key = `${encoding?.name ?? ''}\0${varies}\0${name}`
  const known = described.get(key)
  if (known !== undefined && isOf(stats, known.stats)) return known.representation
  const representation = make(stats, name, encoding, varies)
  if (described.size >= REMEMBERED) described.clear()
  described.set(key, { stats, representation })
  return representation
}

/** Large files are requested repeatedly, too. */
const described = new Map<string, { readonly stats: BigIntStats; readonly representation: Representation }>()
const REMEMBERED = 500

function isOf(now: BigIntStats, then: BigIntStats): boolean {
  return now.mtimeNs === then.mtimeNs && now.size === then.size && now.ino === then.ino
}

function make(
  stats: BigIntStats,
  name: string,
  encoding: Encoding | undefined,
  varies: boolean,
): Representation {
  const version = versionOf(stats)
  const type = mediaTypeOf(name)
  const headers: Pair[] = [
    ['Content-Type', type],
    ['Last-Modified', version.lastModified],
    ['ETag', version.etag],
    ['Accept-Ranges', 'bytes'],
  ]
  if (encoding !== undefined) headers.push(['Content-Encoding', encoding.name])
  if (varies) headers.push(['Vary', 'Accept-Encoding'])
  return { ...version, size: Number(stats.size), type, headers, content: undefined, text: undefined }
}

/** Adds the bytes. Returns undefined if the file is being changed. */
export function load(of: Representation, fd: number): Representation | undefined {
  const content = Buffer.allocUnsafeSlow(of.size)
  let filled = 0
  while (filled < of.size) {
    const got = readSync(fd, content, filled, of.size - filled, filled)
    if (got === 0) return undefined
    filled += got
  }
  return { ...of, content, text: isAscii(content) ? content.toString('latin1') : undefined }
}

export function notFound(): HttpError {
  return new HttpError(404, 'Not Found')
}
