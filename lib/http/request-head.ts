import type { RequestHeaders } from './message.js'
import { FieldLines } from './request-headers.js'

/** The length of ' HTTP/1.1' and CR LF, between target and fields. */
const VERSION_LENGTH = 11

/** The head of a request. Requests with identical heads share one. */
export class RequestHead {
  readonly method: string
  /** The whole head, with its empty line. */
  readonly text: string
  readonly minor: number
  /** The connection may serve another request after this one. */
  readonly keepAlive: boolean
  /** The request asks for another protocol. */
  readonly upgrade: boolean
  readonly #targetStart: number
  readonly #targetEnd: number
  #target: string | undefined
  #headers: RequestHeaders | undefined

  /** @param target - The target's offsets in `text`. */
  constructor(
    method: string,
    text: string,
    target: { readonly start: number; readonly end: number },
    flags: { readonly minor: number; readonly keepAlive: boolean; readonly upgrade: boolean },
  ) {
    this.method = method
    this.text = text
    this.#targetStart = target.start
    this.#targetEnd = target.end
    this.minor = flags.minor
    this.keepAlive = flags.keepAlive
    this.upgrade = flags.upgrade
  }

  get target(): string {
    this.#target ??= this.text.slice(this.#targetStart, this.#targetEnd)
    return this.#target
  }

  get headers(): RequestHeaders {
    this.#headers ??= new FieldLines(this.text.slice(this.#targetEnd + VERSION_LENGTH))
    return this.#headers
  }
}
