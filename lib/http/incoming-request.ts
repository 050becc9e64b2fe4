import { Buffer } from 'node:buffer'
import { HttpError } from './http-error.js'
import type { IncomingBody } from './incoming-body.js'
import type { HttpRequest, RequestHeaders } from './message.js'
import type { RequestHead } from './request-head.js'
import { FieldLines } from './request-headers.js'

const NO_BYTES = Buffer.alloc(0)
const NO_FIELDS = new FieldLines('')

/** A request, parsed on demand. */
export class IncomingRequest implements HttpRequest {
  readonly head: RequestHead
  /** Undefined if there is no body. */
  readonly incoming: IncomingBody | undefined
  #abort: AbortController | undefined
  #aborted: Error | undefined

  constructor(head: RequestHead, incoming: IncomingBody | undefined) {
    this.head = head
    this.incoming = incoming
  }

  /** Why the connection closed. */
  get aborted(): Error | undefined {
    return this.#aborted
  }

  /** The body has arrived, or there is none. */
  get complete(): boolean {
    return this.incoming === undefined || this.incoming.ended
  }

  /** The peer sends its body only after `100 Continue` or a response. */
  get expects(): boolean {
    return this.incoming?.expected === true && !this.incoming.ended
  }

  get method(): string {
    return this.head.method
  }

  get target(): string {
    return this.head.target
  }

  get path(): string {
    const target = originOf(this.target)
    const query = target.indexOf('?')
    return query < 0 ? target : target.slice(0, query)
  }

  get query(): URLSearchParams {
    const { target } = this
    const query = target.indexOf('?')
    return new URLSearchParams(query < 0 ? '' : target.slice(query + 1))
  }

  get version(): '1.0' | '1.1' {
    return this.head.minor === 0 ? '1.0' : '1.1'
  }

  get host(): string {
    return /^https?:\/\/([^/?]*)/i.exec(this.target)?.[1] ?? this.headers.get('host') ?? ''
  }

  get headers(): RequestHeaders {
    return this.head.headers
  }

  get trailers(): RequestHeaders {
    const text = this.incoming?.trailers ?? ''
    return text === '' ? NO_FIELDS : new FieldLines(text)
  }

  get body(): Buffer {
    return this.incoming?.whole() ?? NO_BYTES
  }

  get stream(): AsyncIterable<Buffer> {
    return this.incoming ?? nothing()
  }

  text(): string {
    return this.body.toString()
  }

  json(): unknown {
    const text = this.text()
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new HttpError(400, `the body is not JSON: ${(error as Error).message}`, { cause: error })
    }
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#aborted !== undefined) this.#abort.abort(this.#aborted)
    return this.#abort.signal
  }

  /** The connection is closed. */
  abort(error: Error): void {
    this.#aborted ??= error
    this.#abort?.abort(error)
    this.incoming?.fail(error)
  }
}

/** The target without scheme and authority. */
function originOf(target: string): string {
  if (target.charCodeAt(0) === 47) return target
  const origin = target.replace(/^https?:\/\/[^/?]*/i, '')
  return origin.charCodeAt(0) === 63 || origin === '' ? `/${origin}` : origin
}

async function* nothing(): AsyncGenerator<Buffer> {}

/** Whether a peer waits for `100 Continue`; marks it as sent. */
export function takeExpectation({ incoming, expects }: IncomingRequest): boolean {
  if (incoming !== undefined) incoming.expected = false
  return expects
}
