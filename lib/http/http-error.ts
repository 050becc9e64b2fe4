import { STATUS_CODES } from 'node:http'
import { RevioError } from '../errors.js'
import { show } from '../show.js'
import type { HeaderList } from './message.js'

/** Options of an `HttpError`: the `cause` of any `Error`, and fields of the response. */
export interface HttpErrorOptions extends ErrorOptions {
  /** Fields of the response, such as `allow`, `retry-after` or `www-authenticate`. */
  readonly headers?: HeaderList | undefined
}

/**
 * An exception that stands for a response: a handler that throws it answers with this status and message, and nothing is
 * reported. Its code is `ERR_HTTP`.
 *
 * ```ts
 * throw new HttpError(404, 'no such user')
 * throw new HttpError(405, 'read only', { headers: { allow: 'GET, HEAD' } })
 * ```
 */
export class HttpError extends RevioError {
  /** From 400 to 599. */
  readonly status: number
  readonly headers: HeaderList | undefined

  /** @throws `ERR_OPTION` unless `status` is an error status, and `headers`, if any, an object. */
  constructor(status: number, message?: string, options: HttpErrorOptions = {}) {
    if (!(Number.isInteger(status) && status >= 400 && status <= 599)) {
      throw new RevioError(
        'ERR_OPTION',
        `HttpError: expected a status from 400 to 599; received ${show(status)}`,
      )
    }
    const { headers } = options
    if (headers !== undefined && (typeof headers !== 'object' || headers === null)) {
      throw new RevioError(
        'ERR_OPTION',
        `HttpError: headers must be an object, pairs or Headers; received ${show(headers)}`,
      )
    }
    super('ERR_HTTP', message ?? STATUS_CODES[status] ?? 'error', options)
    this.name = 'HttpError'
    this.status = status
    this.headers = headers
  }
}
