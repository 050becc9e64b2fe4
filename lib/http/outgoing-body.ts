import { Buffer } from 'node:buffer'
import { isBytes, lengthOf } from '../bytes.js'
import { RevioError } from '../errors.js'
import type { Chunk } from '../events.js'
import { FileRegion } from '../file-region.js'
import type { Body, SizedBody } from './message.js'

/** A complete body: its pieces and their total size. */
export interface Counted {
  readonly chunks: string | Chunk[]
  readonly size: number
}

/** A body that is read while it is sent. */
export interface Streamed {
  /** The size in bytes, if it is known in advance. */
  readonly size: number | undefined
  readonly source: Iterable<Chunk> | AsyncIterable<Chunk>
}

/** The size of a chunk in bytes. @throws `ERR_REPLY` unless it is a string or bytes. */
export function sizeOfChunk(chunk: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk)
  if (isBytes(chunk)) return lengthOf(chunk)
  if (FileRegion.is(chunk)) return chunk.length
  throw wrong('a string or a Uint8Array as a piece of the body', chunk)
}

/** @throws `ERR_REPLY` unless `body` is a valid body. */
export function bodyOf(body: Exclude<Body, string | null>): Counted | Streamed {
  if (isBytes(body)) return { chunks: [body], size: lengthOf(body) }
  if (FileRegion.is(body)) {
    checkUnsent([body])
    return { chunks: [body], size: body.length }
  }
  if (Array.isArray(body)) {
    let size = 0
    for (const chunk of body) size += sizeOfChunk(chunk)
    checkUnsent(body.filter(FileRegion.is))
    return { chunks: body, size }
  }
  if (typeof body !== 'object') throw noBody(body)
  if (isSized(body)) return { size: body.size, source: body.stream() }
  if (Symbol.asyncIterator in body || Symbol.iterator in body) {
    return { size: undefined, source: body as AsyncIterable<Chunk> }
  }
  throw noBody(body)
}

/** Before the head is written: the loop would refuse these only after it. */
function checkUnsent(regions: readonly FileRegion[]): void {
  const before = new Set<FileRegion>()
  for (const region of regions) {
    if (region.given || before.has(region))
      throw new RevioError('ERR_REPLY', `http: a FileRegion of fd ${region.fd} was sent twice`)
    before.add(region)
  }
}

function noBody(body: unknown): RevioError {
  return wrong('a string, bytes, a list of them, or something to iterate over as the body', body)
}

export function isStreamed(body: Counted | Streamed): body is Streamed {
  return 'source' in body
}

/** Whether a body is produced while it is sent. */
export function isLive(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || isBytes(body)) return false
  return Symbol.asyncIterator in body || Symbol.iterator in body
}

/** Releases the descriptors of files that are not sent. */
export function releaseChunks(chunks: string | readonly Chunk[]): void {
  if (typeof chunks === 'string') return
  for (const chunk of chunks) {
    if (!FileRegion.is(chunk)) continue
    chunk.give()
    chunk.release()
  }
}

/** Discards the body of a response that is not sent: closes files and ends streams. */
export function discard(body: unknown): void {
  if (typeof body !== 'object' || body === null || isBytes(body)) return
  for (const chunk of Array.isArray(body) ? body : [body]) if (FileRegion.is(chunk)) chunk.drop()
  if (isLive(body)) abandon(body as Streamed['source'])
}

/** Ends a source that is not read to its end. */
export function abandon(source: Streamed['source']): void {
  const ended = (async () => {
    if ('cancel' in source && typeof source.cancel === 'function') return source.cancel()
    const iterator = iteratorOf(source)
    await iterator.return?.()
  })()
  // No one is left to receive the error.
  ended.catch(() => {})
}

export function iteratorOf(source: Streamed['source']): AsyncIterator<Chunk> | Iterator<Chunk> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

function isSized(body: object): body is SizedBody {
  if (!('size' in body && 'stream' in body && typeof body.stream === 'function')) return false
  if (typeof body.size === 'number' && Number.isSafeInteger(body.size) && body.size >= 0) return true
  throw wrong('a number of bytes as the size of the body', body.size)
}

function wrong(expected: string, received: unknown): RevioError {
  const kind = received === null ? 'null' : typeof received
  return new RevioError('ERR_REPLY', `http: expected ${expected}; received ${kind}`)
}
