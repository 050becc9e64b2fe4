import type { ClientRow, ServerRow } from '../messages.js'

/** The error codes with which the server must end each behaviour; if not listed: without an error. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'be thrown out': ['THROWN', 'ERR_REPLY', 'AT_ONCE'],
  stall: ['ETIMEDOUT'],
  'fall silent': ['ETIMEDOUT'],
  overflow: ['ENOBUFS', 'ETIMEDOUT'],
}

/** What the server may see of a client that breaks a connection; the last one at an address with a short timeout. */
const BROKEN: readonly string[] = ['', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']

/** They may stop reading, and never see that the server has ended; after a while it stops waiting for them. */
const DEAF: readonly string[] = ['stall', 'flood', 'send and stop']

/**
 * A server that has closed keeps reading for a second, so that no reset overtakes its end. If a client's process was
 * late by more than this many milliseconds, that may have been too short.
 */
export const LATE = 400

/** Ends at which pending output is discarded, and the peer is reset. */
const ABRUPT: readonly string[] = ['AT_ONCE', 'ENOBUFS', 'ETIMEDOUT']

/**
 * Which promise one connection shows to be broken, from what both sides saw; undefined if none.
 *
 * @param ending - The server was shut down in the meantime: it may have ended any connection, and discarded pending
 * output.
 */
export function verdict(
  client: ClientRow,
  server: ServerRow,
  { ending }: { ending: boolean },
): string | undefined {
  const [, behaviour, sent, received, fate, whole, , late, asked] = client
  const [, , got, gave, code] = server
  if (got > sent) return `${got} bytes were delivered, of ${sent} that were sent`
  if (received > gave) return `${received} bytes came back, of ${gave} that were given`
  const expected = EXPECTED[behaviour] ?? ['']
  const known = fate === 'left' ? BROKEN : ending ? [...expected, '', 'ETIMEDOUT'] : expected
  if (!known.includes(code)) return `the server ended it with '${code}', not with '${known.join("' or '")}'`
  if (fate === 'refused') return 'its connect failed, and yet the server had it'
  if (fate === 'left') return undefined
  if (fate === 'reset' && (ABRUPT.includes(code) || (ending && DEAF.includes(behaviour)))) return undefined
  if (fate === 'reset' && late > LATE) return undefined
  if (fate === 'reset') return 'the server reset it without a reason'
  const givenUp = code === 'AT_ONCE' || (ending && code !== '')
  if (received !== gave && !givenUp) return `${gave - received} of ${gave} bytes of output were lost`
  if (asked !== undefined && received !== asked && !givenUp)
    return `${received} bytes came back, of ${asked} that were asked for`
  if ((whole || behaviour === 'outlast') && !ending && got !== sent)
    return `${sent - got} of ${sent} bytes of input were lost`
  if (whole && !ending && received !== sent) return `${sent - received} of ${sent} bytes did not come back`
  return undefined
}
