import { STATUS_CODES } from 'node:http'
import { RevioError } from '../errors.js'
import { show } from '../show.js'

/**
 * An exception that stands for a response: a handler that throws it answers with this status and message, and nothing is
 * reported. Its code is `ERR_HTTP`.
 *
 * ```ts
 * throw new HttpError(404, 'no such user')
 * ```
 */
export class HttpError extends RevioError {
  /** From 400 to 599. */
  readonly status: number

  /** @throws `ERR_OPTION` unless `status` is an error status. */
  constructor(status: number, message?: string, options?: ErrorOptions) {
    if (!(Number.isInteger(status) && status >= 400 && status <= 599)) {
      throw new RevioError(
        'ERR_OPTION',
        `HttpError: expected a status from 400 to 599; received ${show(status)}`,
      )
    }
    super('ERR_HTTP', message ?? STATUS_CODES[status] ?? 'error', options)
    this.name = 'HttpError'
    this.status = status
  }
}
