import { RevioError } from '../errors.js'
import { isPromiseLike } from '../promise-like.js'
import type { HttpReply, Upgraded } from './handlers.js'
import type { HttpError } from './http-error.js'
import type { IncomingRequest } from './incoming-request.js'
import type { HeaderList, HttpResponse } from './message.js'
import { discard } from './outgoing-body.js'
import { type Pair, withFields } from './with-fields.js'

/** What a handler returns. */
export type Returned = HttpReply | Upgraded

/**
 * Ignores what a handler throws after its peer has closed, because noticing that is not a fault. @throws any other
 * error.
 */
export function thrownLate({ aborted }: IncomingRequest, error: unknown): void {
  if (error === aborted || (error as Error | undefined)?.cause === aborted) return
  throw error
}

/** Discards a reply that comes too late to be sent. */
export function discardReply(returned: Returned | undefined): void {
  const [response] = (Array.isArray(returned) ? returned : []) as readonly { body?: unknown }[]
  discard(response?.body)
}

/** The response for this request: a file produces its own. */
export function readyFor(request: IncomingRequest, response: HttpResponse): HttpResponse {
  const body = response?.body
  const answers = typeof body === 'object' && body !== null && 'respondTo' in body
  return answers ? body.respondTo(request, response) : response
}

const TEXT: readonly Pair[] = [['Content-Type', 'text/plain; charset=utf-8']]

/** The response for a handler that threw. */
export const FAILED: HttpResponse = responseOf(500, 'Internal Server Error')

/** The response for an `HttpError`. */
export function responseTo(error: HttpError): HttpResponse {
  return responseOf(error.status, error.message, error.headers)
}

function responseOf(status: number, text: string, headers?: HeaderList): HttpResponse {
  return { status, headers: withFields(TEXT, headers), body: `${text}\n` }
}

export function isPromise(returned: unknown): returned is PromiseLike<Returned | undefined> {
  return !Array.isArray(returned) && isPromiseLike(returned)
}

export function isUpgraded([first]: Returned): boolean {
  return (
    typeof first === 'object' &&
    first !== null &&
    !('status' in first || 'headers' in first || 'body' in first)
  )
}

export function noReply(returned: unknown): RevioError {
  const kind = returned === null ? 'null' : typeof returned
  return new RevioError('ERR_REPLY', `http: expected [response, action, token]; received ${kind}`)
}
