import { RevioError } from '../errors.js'
import { reasonOf } from './secure-context.js'

/** The connection itself broke, so TLS is not the cause. */
const SYSTEM: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'])

/**
 * Describes a TLS failure: `ERR_TLS` with OpenSSL's reason in words, or `ECONNRESET` and the like if the connection
 * broke.
 *
 * @param what - What failed, and with which peer.
 */
export function tlsError(thrown: Error, what: string): Error {
  if (thrown instanceof RevioError) return thrown
  const { code = '' } = thrown as NodeJS.ErrnoException
  if (SYSTEM.has(code)) {
    return Object.assign(new Error(`${what}: ${thrown.message}`, { cause: thrown }), { code })
  }
  return new RevioError('ERR_TLS', `${what}: ${reasonOf(thrown)}`, { cause: thrown })
}

/** The error for a connection that ended without the peer's close_notify. */
export function truncationError(): RevioError {
  return new RevioError(
    'ECONNRESET',
    'the peer ended the connection without close_notify: the stream may be truncated (see allowTruncation)',
  )
}
