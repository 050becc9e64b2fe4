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
 * Serves GET and HEAD, with conditions and ranges; other methods get status 405.
 *
 * @throws `ERR_OPTION` for an invalid option.
 */
export function files(options: FileOptions): HttpHandlers<undefined> & {
  request(id: number, req: HttpRequest): HttpReply
} {
  checked(options)
  return {
    request: (_id, req) => (isAllowed(req) ? [{ body: new FileBody(req.path, options) }] : [NOT_ALLOWED]),
    expect: (_id, req) => (isAllowed(req) ? undefined : [NOT_ALLOWED]),
  }
}

function isAllowed({ method }: HttpRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}

const NOT_ALLOWED = { status: 405, headers: { Allow: 'GET, HEAD' }, body: 'Method Not Allowed\n' }
