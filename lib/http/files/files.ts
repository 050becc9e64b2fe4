import type { HttpHandlers, HttpReply } from '../handlers.js'
import type { HttpRequest } from '../message.js'
import { checked, FileBody, type FileOptions } from './file-body.js'

/**
 * Handlers that serve the files below a folder:
 *
 * ```ts
 * await serve(http(files({ root: '/srv/www' })), 'tcp://:8080')
 * ```
 *
 * GET and HEAD, with conditions and ranges; other methods are answered with status 405.
 *
 * @throws `ERR_OPTION` when an option is wrong.
 */
export function files(options: FileOptions): HttpHandlers<undefined> & {
  request(id: number, req: HttpRequest): HttpReply
} {
  checked(options)
  return {
    request(_id, req) {
      if (req.method !== 'GET' && req.method !== 'HEAD') return [NOT_ALLOWED]
      return [{ body: new FileBody(req.path, options) }]
    },
  }
}

const NOT_ALLOWED = { status: 405, headers: { Allow: 'GET, HEAD' }, body: 'Method Not Allowed\n' }
