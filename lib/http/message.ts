import type { Buffer } from 'node:buffer'
import type { Chunk } from '../events.js'

/** The fields of a request, or of its trailers. Names are case-insensitive. */
export interface RequestHeaders extends Iterable<[name: string, value: string]> {
  /** The fields as received, one by one, with names in their original case. */
  readonly raw: readonly (readonly [name: string, value: string])[]
  /** The value of a field. Several values of one name are joined by `, `, those of `cookie` by `; `. */
  get(name: string): string | undefined
  /** All values of a name, as received. */
  getAll(name: string): string[]
  has(name: string): boolean
  /** Iterates over lower-case names and their joined values, in order of first appearance. */
  [Symbol.iterator](): IterableIterator<[name: string, value: string]>
  /** Returns an object of the lower-case names and their joined values. */
  toJSON(): Record<string, string>
}

/** A request. The program may keep it as long as it likes. */
export interface HttpRequest {
  readonly method: string
  /** The target as in the request line. */
  readonly target: string
  /** The target without query, and without scheme and authority if it has them; not decoded. */
  readonly path: string
  /** The target's query, decoded. */
  readonly query: URLSearchParams
  readonly version: '1.0' | '1.1'
  /**
   * The requested host: the target's authority if it has one, otherwise the `host` field; empty if an HTTP/1.0 request
   * has neither.
   */
  readonly host: string
  readonly headers: RequestHeaders
  /** The fields after a chunked body; empty until the body has ended. */
  readonly trailers: RequestHeaders
  /**
   * The whole body; empty if there is none.
   *
   * @throws `ERR_UNSUPPORTED` with the option `bodies: 'stream'`.
   */
  readonly body: Buffer
  /**
   * The body piece by piece, as it arrives with the option `bodies: 'stream'`. Can be iterated once. Throws an
   * `HttpError` if the body is incomplete.
   */
  readonly stream: AsyncIterable<Buffer>
  /**
   * The whole body, decoded as UTF-8.
   *
   * @throws `ERR_UNSUPPORTED` with the option `bodies: 'stream'`.
   */
  text(): string
  /**
   * The whole body, parsed as JSON.
   *
   * @throws an `HttpError` with status 400 for invalid JSON; `ERR_UNSUPPORTED` with the option `bodies: 'stream'`.
   */
  json(): unknown
  /** Aborts if the connection closes before the response has been written. */
  readonly signal: AbortSignal
}

/** Fields of a response: an object, pairs, a `Map` or `Headers`. An array makes one field for each of its values. */
export type HeaderList =
  | Readonly<Record<string, string | number | readonly string[] | undefined>>
  | Iterable<readonly [name: string, value: string]>

/** A body of known length that is read when it is sent, such as a `Blob`. */
export interface SizedBody {
  /** The number of bytes that `stream` yields. */
  readonly size: number
  stream(): AsyncIterable<Uint8Array>
}

/** A body that produces its own response to the request, such as a file. */
export interface AnsweringBody {
  /** `response` is what the program returned beside the body. An exception counts as thrown by the handler. */
  respondTo(request: HttpRequest, response: HttpResponse): HttpResponse
}

/**
 * The body of a response. Strings, bytes, parts of files, arrays of these and a `SizedBody` are sent with a
 * `content-length`; an iterable (a generator, a stream) is sent in chunks, as fast as the peer reads. `file` decides
 * for itself.
 */
export type Body =
  | AnsweringBody
  | Chunk
  | readonly Chunk[]
  | SizedBody
  | Iterable<Chunk>
  | AsyncIterable<Chunk>
  | null

/** A response. */
export interface HttpResponse {
  /** From 200 to 599. Default 200. */
  readonly status?: number
  readonly headers?: HeaderList | undefined
  readonly body?: Body | undefined
  /** Fields after the body, or a function that returns them once the body has been sent. HTTP/1.1 only. */
  readonly trailers?: HeaderList | (() => HeaderList) | undefined
}
