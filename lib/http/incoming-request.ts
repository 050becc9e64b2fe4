import { Buffer } from 'node:buffer'
import { RevioError } from '../errors.js'
import { HttpError } from './http-error.js'
import type { IncomingBody } from './incoming-body.js'
import type { HttpRequest, RequestHeaders } from './message.js'
import { FieldLines } from './request-headers.js'

const EMPTY = Buffer.alloc(0)
const NO_FIELDS = new FieldLines('')
/** What stands between target and fields: ' HTTP/1.1' and CR LF. */
const VERSION_LENGTH = 11

/** What a head said. */
export interface HeadOfRequest {
  readonly method: string
  /** From the target on, with the empty line at its end. */
  readonly text: string
  readonly targetLength: number
  readonly minor: number
  readonly keepAlive: boolean
  readonly upgrade: boolean
  readonly expects: boolean
}

/** A request, taken apart as far as somebody asks. */
export class IncomingRequest implements HttpRequest {
  readonly method: string
  /** The connection may serve another request after this one. */
  readonly keepAlive: boolean
  /** It asks for another protocol. */
  readonly upgrade: boolean
  /** The peer waits for `100 Continue`, and nobody has sent it. */
  expects: boolean
  readonly minor: number
  /** Undefined where it has no body. */
  readonly incoming: IncomingBody | undefined
  /** `request` runs with the head, and the body comes piece by piece. */
  readonly streams: boolean
  /** Lines of the trailers. */
  trailerText = ''
  readonly #text: string
  readonly #targetLength: number
  #headers: RequestHeaders | undefined
  #abort: AbortController | undefined
  #aborted: Error | undefined

  constructor(head: HeadOfRequest, incoming: IncomingBody | undefined, streams: boolean) {
    this.method = head.method
    this.keepAlive = head.keepAlive
    this.upgrade = head.upgrade
    this.expects = head.expects
    this.minor = head.minor
    this.incoming = incoming
    this.streams = streams
    this.#text = head.text
    this.#targetLength = head.targetLength
  }

  /** The body has come, or there is none. */
  get complete(): boolean {
    return this.incoming === undefined || this.incoming.ended
  }

  get target(): string {
    return this.#text.slice(0, this.#targetLength)
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
    return this.minor === 0 ? '1.0' : '1.1'
  }

  get host(): string {
    return /^https?:\/\/([^/?]*)/i.exec(this.target)?.[1] ?? this.headers.get('host') ?? ''
  }

  get headers(): RequestHeaders {
    this.#headers ??= new FieldLines(this.#text.slice(this.#targetLength + VERSION_LENGTH))
    return this.#headers
  }

  get trailers(): RequestHeaders {
    return this.trailerText === '' ? NO_FIELDS : new FieldLines(this.trailerText)
  }

  get body(): Buffer {
    if (this.streams) {
      throw new RevioError(
        'ERR_UNSUPPORTED',
        "with the option bodies: 'stream' a body is read from req.stream",
      )
    }
    return this.incoming?.whole() ?? EMPTY
  }

  get stream(): AsyncIterable<Buffer> {
    return this.incoming ?? nothing()
  }

  text(): string {
    return this.body.toString()
  }

  json(): unknown {
    try {
      return JSON.parse(this.text())
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      throw new HttpError(400, `the body is no JSON: ${error.message}`, { cause: error })
    }
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#aborted !== undefined) this.#abort.abort(this.#aborted)
    return this.#abort.signal
  }

  /** The connection has gone. */
  abort(error: Error): void {
    this.#aborted ??= error
    this.#abort?.abort(error)
    this.incoming?.fail(error)
  }
}

/** Without scheme and authority. */
function originOf(target: string): string {
  if (target.charCodeAt(0) === 47) return target
  const origin = target.replace(/^https?:\/\/[^/?]*/i, '')
  return origin.charCodeAt(0) === 63 || origin === '' ? `/${origin}` : origin
}

async function* nothing(): AsyncGenerator<Buffer> {}
