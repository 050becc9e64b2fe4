import type { Buffer } from 'node:buffer'
import type { Chunk } from '../events.js'

/** The fields of a request, or of its trailers. Names are case-insensitive. */
export interface RequestHeaders extends Iterable<[name: string, value: string]> {
  /** As they came, one by one, with the names in the peer's own case. */
  readonly raw: readonly (readonly [name: string, value: string])[]
  /** One field's value; several of one name are joined by `, `, and those of `cookie` by `; `. */
  get(name: string): string | undefined
  /** The values of one name, each as it came. */
  getAll(name: string): string[]
  has(name: string): boolean
  /** Iterates over lower-case names with their joined values, in the order in which the names first came. */
  [Symbol.iterator](): IterableIterator<[name: string, value: string]>
  /** An object with the lower-case names and their joined values. */
  toJSON(): Record<string, string>
}

/** A request. It may be kept for as long as the program likes. */
export interface HttpRequest {
  readonly method: string
  /** As it stands in the request line. */
  readonly target: string
  /** The target without query and, where it has one, without scheme and authority; not decoded. */
  readonly path: string
  /** The target's query, decoded. */
  readonly query: URLSearchParams
  readonly version: '1.0' | '1.1'
  /** Whom it asks: the target's authority where it has one, else the `host` field; empty where HTTP/1.0 says neither. */
  readonly host: string
  readonly headers: RequestHeaders
  /** What came behind a chunked body; without fields until the body has ended. */
  readonly trailers: RequestHeaders
  /**
   * The whole body; empty where there is none.
   *
   * @throws `ERR_UNSUPPORTED` with the option `bodies: 'stream'`.
   */
  readonly body: Buffer
  /**
   * The body piece by piece, as it comes with the option `bodies: 'stream'`; may be iterated over once. A body that
   * breaks off throws an `HttpError`.
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
   * @throws an `HttpError` with status 400 where it is none; `ERR_UNSUPPORTED` with the option `bodies: 'stream'`.
   */
  json(): unknown
  /** Aborts when the connection goes before the response has been written. */
  readonly signal: AbortSignal
}

/** Fields of a response: an object, pairs, a `Map`, or `Headers`. A list is one field for each of its values. */
export type HeaderList =
  | Readonly<Record<string, string | number | readonly string[] | undefined>>
  | Iterable<readonly [name: string, value: string]>

/** A body of known length that is read when it is sent, as a `Blob` is. */
export interface SizedBody {
  /** Bytes that `stream` gives. */
  readonly size: number
  stream(): AsyncIterable<Uint8Array>
}

/** A body that makes a response of its own for the request at hand, as a file does. */
export interface AnsweringBody {
  /** `response` says what the program wants of it. What it throws counts as thrown by the handler. */
  respondTo(request: HttpRequest, response: HttpResponse): HttpResponse
}

/**
 * What a response carries. Strings, bytes, parts of files, lists of these and a `SizedBody` are sent with a `content-length`; what is
 * iterated over (a generator, a stream) is sent in chunks, as fast as the peer reads. `file` decides by itself.
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
  /** Fields that follow the body, or a function that answers them when the body has been sent. HTTP/1.1 only. */
  readonly trailers?: HeaderList | (() => HeaderList) | undefined
}
