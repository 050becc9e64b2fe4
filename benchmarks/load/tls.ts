import { compile } from '../compile.js'
import { libssl } from '../programs.js'
import { LoadProcess, options } from './process.js'

/** The options of load/tls-load.c. */
export interface TlsWork {
  readonly port: number
  readonly size: number
  readonly connections: number
  readonly inFlight: number
  readonly seconds: number
  readonly cipher?: Cipher
  /** Sends each message in its own record; otherwise all that is sent at once shares one. */
  readonly single?: boolean
  /**
   * A request is a connection from its handshake to its end, with one message; `resumed` ones offer their last
   * session.
   */
  readonly handshakes?: 'full' | 'resumed'
}

export const ciphers = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'] as const
export type Cipher = (typeof ciphers)[number]

/** Throws `MissingProgram` without a compiler or OpenSSL's headers. */
export async function startTlsLoad({
  inFlight,
  cipher = ciphers[0],
  single = false,
  handshakes,
  ...work
}: TlsWork): Promise<LoadProcess> {
  const args = options({ ...work, 'in-flight': inFlight, cipher })
  if (single) args.push('--single')
  if (handshakes !== undefined) args.push('--handshakes')
  if (handshakes === 'resumed') args.push('--resume')
  return LoadProcess.start({ file: await compile('load/tls-load.c', { library: libssl }), args })
}
