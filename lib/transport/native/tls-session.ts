import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import type { TlsInfo } from '../../tls.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import { truncationError } from '../tls-error.js'
import { isTlsFault, isTruncation, type Poller, systemError, type TlsNames } from './addon.js'
import { identityError, verifyError } from './tls-trust.js'

/** What is to be known of a link. */
export interface TlsSessionOptions {
  readonly poller: Poller
  readonly slot: number
  readonly security: ServerSecurity | ClientSecurity
  readonly remote: Address
}

/** TLS of one link: what was agreed on, and what has gone wrong, asked of the addon when somebody wants to know. */
export class TlsSession {
  readonly security: ServerSecurity | ClientSecurity
  readonly remote: Address
  readonly #poller: Poller
  readonly #slot: number
  #info: TlsInfo | undefined

  constructor({ poller, slot, security, remote }: TlsSessionOptions) {
    this.#poller = poller
    this.#slot = slot
    this.security = security
    this.remote = remote
  }

  /** Undefined before the handshake is done, and once the link is gone without having been asked. */
  get info(): TlsInfo | undefined {
    if (this.#info === undefined) {
      const names = this.#poller.tlsInfo(this.#slot)
      if (typeof names !== 'number') this.#info = infoOf(this.security, names)
    }
    return this.#info
  }

  get ending(): boolean {
    return this.#poller.ending(this.#slot)
  }

  /** The name that the client asks for, empty for none. */
  get servername(): string {
    const { security } = this
    return security.side === 'client' && isIP(security.servername) === 0 ? security.servername : ''
  }

  /** Why the peer is not to be trusted, where that is a reason to give it up: the addon has looked at all but the name. */
  get identityError(): NodeJS.ErrnoException | undefined {
    const { security, info } = this
    if (security.side !== 'client' || !security.rejectUnauthorized) return undefined
    if (info?.peerCertificate === undefined) return new Error('the server has shown no certificate')
    return identityError(security.servername, info.peerCertificate)
  }

  /** What is under way and with whom, for errors. */
  get what(): string {
    const { servername } = this.security.side === 'client' ? this.security : { servername: '' }
    return `TLS handshake with ${servername === '' ? '' : `${servername}, `}${this.remote}`
  }

  /** The error behind a fault of the link. */
  error(fault: number): Error {
    if (!isTlsFault(fault)) return systemError(fault)
    const failure = this.#poller.tlsError(this.#slot)
    const [reason, verified, why, done] = typeof failure === 'number' ? ['', 0, '', 0] : failure
    if (isTruncation(fault)) return done === 1 ? truncationError() : endedError()
    const words = reason === '' ? 'TLS failed' : reason
    if (done === 1) return new RevioError('ERR_TLS', `TLS with ${this.remote}: ${words}`)
    const code = this.security.rejectUnauthorized ? verifyError(verified) : undefined
    return code === undefined ? new Error(words) : Object.assign(new Error(`${words}: ${why}`), { code })
  }
}

/** The peer has left a handshake. */
function endedError(): NodeJS.ErrnoException {
  return Object.assign(new Error('the peer has ended the connection'), { code: 'ECONNRESET' })
}

function infoOf(security: ServerSecurity | ClientSecurity, names: TlsNames): TlsInfo {
  const [protocol, cipher, servername, alpn, reused, verified, der] = names
  const peerCertificate = der === undefined ? undefined : new X509Certificate(der)
  const authorizationError = authorizationErrorOf(security, verified, peerCertificate)
  return {
    protocol,
    cipher,
    servername,
    alpn,
    reused: reused === 1,
    authorized: peerCertificate !== undefined && authorizationError === undefined,
    authorizationError,
    peerCertificate,
  }
}

function authorizationErrorOf(
  security: ServerSecurity | ClientSecurity,
  verified: number,
  certificate: X509Certificate | undefined,
): string | undefined {
  if (security.side === 'server' && !security.requestCert) return undefined
  if (certificate === undefined) return undefined
  const error = verifyError(verified)
  if (error !== undefined || security.side === 'server') return error
  return security.servername === '' ? undefined : identityError(security.servername, certificate)?.code
}
