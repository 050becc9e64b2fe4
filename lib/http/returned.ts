import { RevioError } from '../errors.js'
import type { HttpReply, Upgraded } from './handlers.js'
import type { HttpError } from './http-error.js'
import type { IncomingRequest } from './incoming-request.js'
import type { HttpResponse } from './message.js'
import { discard } from './outgoing-body.js'

/** What a handler returns. */
export type Returned = HttpReply | Upgraded

/** What a handler throws when its peer has gone; that it has noticed is no fault. @throws all else. */
export function thrownLate({ aborted }: IncomingRequest, error: unknown): void {
  if (error === aborted || (error as Error | undefined)?.cause === aborted) return
  throw error
}

/** What comes too late to be sent. */
export function discardReply(returned: Returned | undefined): void {
  const [response] = (Array.isArray(returned) ? returned : []) as readonly { body?: unknown }[]
  discard(response?.body)
}

/** A response as it is for this request: a file has its own way to answer. */
export function readyFor(request: IncomingRequest, response: HttpResponse): HttpResponse {
  const body = response?.body
  const answers = typeof body === 'object' && body !== null && 'respondTo' in body
  return answers ? body.respondTo(request, response) : response
}

/** What a handler that threw is answered for. */
export const FAILED: HttpResponse = responseOf(500, 'Internal Server Error')

/** What an error says to the peer. */
export function responseTo(error: HttpError): HttpResponse {
  return responseOf(error.status, error.message)
}

function responseOf(status: number, text: string): HttpResponse {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: `${text}\n` }
}

export function isPromise(returned: unknown): returned is PromiseLike<Returned | undefined> {
  return (
    !Array.isArray(returned) &&
    typeof (returned as { then?: unknown } | undefined | null)?.then === 'function'
  )
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
