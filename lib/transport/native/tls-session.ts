import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { RevioError } from '../../errors.js'
import type { TlsInfo } from '../../tls.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import { isTlsFault, isTruncation, type Poller, systemError, type TlsNames } from './addon.js'
import { identityError, NO_CERTIFICATE, verifyError } from './tls-trust.js'

/** TLS of one link: what was agreed on, and what has gone wrong, asked of the addon when somebody wants to know. */
export class TlsSession {
  readonly security: ServerSecurity | ClientSecurity
  readonly #poller: Poller
  readonly #slot: number
  #info: TlsInfo | undefined

  constructor(poller: Poller, slot: number, security: ServerSecurity | ClientSecurity) {
    this.#poller = poller
    this.#slot = slot
    this.security = security
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

  /** The error behind a fault of the link. `peer` is who it is about. */
  error(fault: number, peer: () => string): Error {
    if (!isTlsFault(fault)) return systemError(fault)
    const failure = this.#poller.tlsError(this.#slot)
    const [reason, verified, done] = typeof failure === 'number' ? ['', 0, 0] : failure
    const what = done === 0 ? `handshake with ${peer()}` : `connection with ${peer()}`
    if (isTruncation(fault)) {
      const end = done === 0 ? 'the peer ended it' : 'the peer ended the stream without close_notify'
      return new RevioError('ECONNRESET', `${what}: ${end}`)
    }
    const untrusted = done === 0 ? verifyError(verified) : undefined
    return tlsError(what, reason === '' ? 'TLS failed' : reason, untrusted)
  }
}

/** `untrusted` is what is wrong with the peer's certificate, in the words of node:tls. */
export function tlsError(what: string, reason: string, untrusted: string | undefined): RevioError {
  if (untrusted === undefined) return new RevioError('ERR_TLS', `${what}: ${reason}`)
  const cause = Object.assign(new Error(reason), { code: untrusted })
  return new RevioError('ERR_TLS', `${what}: ${reason}: ${untrusted}`, { cause })
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
  if (certificate === undefined) return NO_CERTIFICATE
  const error = verifyError(verified)
  if (error !== undefined || security.side === 'server') return error
  return security.servername === '' ? undefined : identityError(security.servername, certificate)?.code
}
