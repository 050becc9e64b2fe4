import { randomBytes } from 'node:crypto'
import type { Chunk } from '../../events.js'
import type { HeaderList, HttpRequest, HttpResponse } from '../message.js'
import { discard } from '../outgoing-body.js'
import { type Pair, withFields } from '../with-fields.js'
import type { Ready } from './file-cache.js'
import { type Range, wantedOf } from './ranges.js'
import type { Representation } from './representation.js'
import type { SharedDescriptor } from './shared-descriptor.js'
import { isSameVersion, judge } from './validators.js'

/** The source of a representation's bytes. */
interface Source {
  part(start: number, end: number): Chunk
  /** No more parts will be requested. */
  done(): void
}

/**
 * The response of a file to a request: the whole file, parts of it, or no content. Releases the descriptor.
 *
 * @param fields - Headers beside the file's own, in place of those of `response`.
 */
export function answer(
  { what, descriptor }: Ready,
  request: HttpRequest,
  response: HttpResponse,
  fields: HeaderList | undefined,
): HttpResponse {
  const source = descriptor === undefined ? inMemory(what) : inFile(descriptor)
  try {
    return select(what, source, request, response, fields)
  } finally {
    source.done()
  }
}

function select(
  what: Representation,
  source: Source,
  request: HttpRequest,
  response: HttpResponse,
  fields: HeaderList | undefined,
): HttpResponse {
  const headers = withFields(what.headers, fields)
  const isHead = request.method === 'HEAD'
  if (response.status !== undefined || !(isHead || request.method === 'GET')) {
    return whole(what, source, isHead, response, headers)
  }
  const verdict = judge(request.headers, what)
  if (verdict === 304)
    return { ...response, status: 304, headers: headers.filter(isOfNotModified), body: null }
  if (verdict === 412) return { ...response, status: 412, headers: withoutContent([], fields), body: '' }
  const field = isHead ? undefined : request.headers.get('range')
  const wanted = wantedOf(isSameVersion(request.headers, what) ? field : undefined, what.size)
  if (wanted.kind === 'whole') return whole(what, source, isHead, response, headers)
  if (wanted.kind === 'none') {
    const size: Pair = ['Content-Range', `bytes */${what.size}`]
    return { ...response, status: 416, headers: withoutContent([size], fields), body: '' }
  }
  const [first, ...others] = wanted.parts
  if (first !== undefined && others.length === 0) return single(what, source, first, response, headers)
  return several(what, source, wanted.parts, response, headers)
}

function whole(
  what: Representation,
  source: Source,
  isHead: boolean,
  response: HttpResponse,
  headers: readonly Pair[],
): HttpResponse {
  if (isHead) {
    return { ...response, headers: [...headers, ['Content-Length', String(what.size)]], body: null }
  }
  return { ...response, headers, body: what.text ?? (what.size === 0 ? '' : source.part(0, what.size)) }
}

function single(
  what: Representation,
  source: Source,
  { start, end }: Range,
  response: HttpResponse,
  headers: readonly Pair[],
): HttpResponse {
  const range: Pair = ['Content-Range', `bytes ${start}-${end}/${what.size}`]
  return { ...response, status: 206, headers: [...headers, range], body: source.part(start, end + 1) }
}

function several(
  what: Representation,
  source: Source,
  parts: readonly Range[],
  response: HttpResponse,
  headers: readonly Pair[],
): HttpResponse {
  const boundary = randomBytes(12).toString('hex')
  const body: Chunk[] = []
  try {
    for (const { start, end } of parts) {
      const fields = `Content-Type: ${what.type}\r\nContent-Range: bytes ${start}-${end}/${what.size}`
      body.push(`\r\n--${boundary}\r\n${fields}\r\n\r\n`, source.part(start, end + 1))
    }
  } catch (error) {
    discard(body)
    throw error
  }
  body.push(`\r\n--${boundary}--\r\n`)
  const type = { 'Content-Type': `multipart/byteranges; boundary=${boundary}` }
  return { ...response, status: 206, headers: withFields(headers, type), body }
}

/** The program's fields for a response that is not the file, and the response's `own`, which can't be overridden. */
export function withoutContent(own: readonly Pair[], fields: HeaderList | undefined): readonly Pair[] {
  return withFields(withFields([], fields).filter(isOfNotModified), own)
}

/** A response without content has no fields that describe content. */
function isOfNotModified([name]: Pair): boolean {
  return !/^content-(?:type|encoding|length)$/i.test(name)
}

function inMemory({ content }: Representation): Source {
  return { part: (start, end) => content?.subarray(start, end) ?? '', done() {} }
}

function inFile(descriptor: SharedDescriptor): Source {
  return { part: (start, end) => descriptor.region(start, end), done: () => descriptor.release() }
}
