import { types } from 'node:util'
import { RevioError } from '../errors.js'
import { requestOf } from './fetch-request.js'
import type { HttpHandlers, HttpReply } from './handlers.js'
import { responseFrom, useLightResponses } from './light-response.js'
import type { HttpRequest } from './message.js'

/** What a handler of the web's standard gets beside the request. */
export interface FetchEnvironment {
  /** The connection's id. */
  readonly id: number
  readonly req: HttpRequest
}

/** A handler of the web's standard, as Hono's and h3's `app.fetch` are. */
export type Fetch = (request: Request, environment: FetchEnvironment) => Response | Promise<Response>

/** How `fetchHandler` treats the program. */
export interface FetchOptions {
  /**
   * Replaces `globalThis.Response` by one that behaves alike and makes a stream of a body only when asked for it. Default
   * true.
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
export function fetchHandler(
  fetch: Fetch,
  { lightResponse = true }: FetchOptions = {},
): HttpHandlers<boolean> {
  if (typeof fetch !== 'function') {
    throw new RevioError('ERR_OPTION', `fetchHandler: expected a function; received ${typeof fetch}`)
  }
  if (lightResponse) useLightResponses()
  return {
    // What the URL begins with.
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
