import { types } from 'node:util'
import { checkObject } from '../checks.js'
import { RevioError } from '../errors.js'
import { requestOf } from './fetch-request.js'
import type { HttpHandlers, HttpReply } from './handlers.js'
import { responseFrom, useLightResponses } from './light-response.js'
import type { HttpRequest } from './message.js'

/** What a fetch handler receives besides the request. */
export interface FetchEnvironment {
  /** The connection's id. */
  readonly id: number
  readonly req: HttpRequest
}

/** A handler of the Fetch standard, such as `app.fetch` of Hono or h3. */
export type Fetch = (request: Request, environment: FetchEnvironment) => Response | Promise<Response>

/** Options of `fetchHandler`. */
export interface FetchOptions {
  /**
   * Replaces `globalThis.Response` by a compatible class that makes a stream of a body only on demand. Default true.
   */
  lightResponse?: boolean
}

/**
 * Makes handlers for `http` of a handler that takes a `Request` and answers a `Response`. With the option
 * `bodies: 'stream'` of `http`, request bodies are streamed as well.
 *
 * ```ts
 * await serve(http(fetchHandler(app.fetch), { bodies: 'stream' }), 'tcp://:8080')
 * ```
 *
 * @throws `ERR_OPTION` unless `fetch` is a function.
 */
export function fetchHandler(fetch: Fetch, options: FetchOptions = {}): HttpHandlers<boolean> {
  checkObject(options, 'fetchHandler')
  const { lightResponse = true } = options
  if (typeof fetch !== 'function') {
    throw new RevioError('ERR_OPTION', `fetchHandler: expected a function; received ${typeof fetch}`)
  }
  if (lightResponse) useLightResponses()
  return {
    // The first part of the request's URL.
    opened: (_id, info) => [null, { context: info.tls !== undefined }],
    request(id, req, secure) {
      const answer = fetch(requestOf(req, secure), { id, req })
      return types.isPromise(answer) ? answer.then(reply) : reply(answer as Response)
    },
  }
}

function reply(response: Response): HttpReply {
  if (typeof response === 'object' && response !== null && 'status' in response)
    return [responseFrom(response)]
  throw new RevioError('ERR_REPLY', `fetchHandler: expected a Response; received ${typeof response}`)
}
