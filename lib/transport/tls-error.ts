import { RevioError } from '../errors.js'
import { reasonOf } from './secure-context.js'

/** The connection itself broke, which says nothing of TLS. */
const SYSTEM: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'])

/**
 * What went wrong with TLS: `ERR_TLS` with OpenSSL's reason in words, or `ECONNRESET` and the like where the connection
 * broke.
 *
 * @param what - What was under way, and with whom.
 */
export function tlsError(thrown: Error, what: string): Error {
  if (thrown instanceof RevioError) return thrown
  const { code = '' } = thrown as NodeJS.ErrnoException
  if (SYSTEM.has(code)) {
    return Object.assign(new Error(`${what}: ${thrown.message}`, { cause: thrown }), { code })
  }
  return new RevioError('ERR_TLS', `${what}: ${reasonOf(thrown)}`, { cause: thrown })
}

/** What ends a connection whose peer has not said that it has sent all. */
export function truncationError(): RevioError {
  return new RevioError(
    'ECONNRESET',
    'the peer ended the connection without close_notify: something may be missing (allowTruncation)',
  )
}
