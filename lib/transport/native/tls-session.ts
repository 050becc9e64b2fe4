import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import type { TlsInfo } from '../../tls.js'
import { LruMap } from '../lru-map.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import { truncationError } from '../tls-error.js'
import { identityError, verifyError } from '../tls-trust.js'
import { isTlsFault, isTruncation, type Poller, systemError, type TlsNames } from './addon.js'

/** The local and the remote address of a connection. */
export interface Ends {
  readonly local: Address
  readonly remote: Address
}

/** A link that uses TLS. */
export interface SessionLink {
  readonly slot: number
  /** Present if the link knows both of its ends for its whole life. */
  readonly local: Address | undefined
  addresses(): Ends
}

/** The parameters of a session. */
export interface TlsSessionOptions {
  readonly poller: Poller
  readonly link: SessionLink
  readonly security: ServerSecurity | ClientSecurity
}

/**
 * The TLS session of one link: what was negotiated, and what failed. Queries the addon only when the information is
 * needed.
 */
export class TlsSession {
  readonly security: ServerSecurity | ClientSecurity
  /** The addresses of a link that no longer knows them once its peer is gone, which is when errors name them. */
  readonly ends: Ends | undefined
  readonly #poller: Poller
  readonly #link: SessionLink
  #info: TlsInfo | undefined

  constructor({ poller, link, security }: TlsSessionOptions) {
    this.#poller = poller
    this.#link = link
    this.security = security
    this.ends = link.local === undefined ? link.addresses() : undefined
  }

  get remote(): Address {
    return this.#link.addresses().remote
  }

  /** Undefined before the handshake is done, and after the link is gone unless it was read before. */
  get info(): TlsInfo | undefined {
    if (this.#info === undefined) {
      const names = this.#poller.tlsInfo(this.#link.slot)
      if (typeof names !== 'number') this.#info = infoOf(this.security, names)
    }
    return this.#info
  }

  get ending(): boolean {
    return this.#poller.ending(this.#link.slot)
  }

  /** The SNI to send; empty for none. */
  get servername(): string {
    const { security } = this
    return security.side === 'client' && isIP(security.servername) === 0 ? security.servername : ''
  }

  /** Why the peer's identity must end the connection. The addon verifies everything except the name. */
  get identityError(): NodeJS.ErrnoException | undefined {
    const { security } = this
    if (security.side !== 'client' || !security.rejectUnauthorized) return undefined
    const certificate = this.info?.peerCertificate
    if (certificate === undefined) return new Error('the server sent no certificate')
    return identityError(security.servername, certificate)
  }

  /** What is in progress and with which peer, for error messages. */
  get what(): string {
    const { servername } = this.security.side === 'client' ? this.security : { servername: '' }
    return `TLS handshake with ${servername === '' ? '' : `${servername}, `}${this.remote}`
  }

  /** Returns the error for a fault of the link. */
  error(fault: number): Error {
    if (!isTlsFault(fault)) return systemError(fault)
    const failure = this.#poller.tlsError(this.#link.slot)
    const [reason, verified, why, done] = typeof failure === 'number' ? ['', 0, '', 0] : failure
    if (isTruncation(fault)) return done === 1 ? truncationError() : endedError()
    const words = reason === '' ? 'TLS failed' : reason
    if (done === 1) return new RevioError('ERR_TLS', `TLS with ${this.remote}: ${words}`)
    const code = this.security.rejectUnauthorized ? verifyError(verified) : undefined
    return code === undefined ? new Error(words) : Object.assign(new Error(`${words}: ${why}`), { code })
  }
}

/** The error for a peer that ended during the handshake. */
function endedError(): NodeJS.ErrnoException {
  return Object.assign(new Error('the peer ended the connection'), { code: 'ECONNRESET' })
}

function infoOf(security: ServerSecurity | ClientSecurity, names: TlsNames): TlsInfo {
  const [protocol, cipher, servername, alpn, reused, verified, der] = names
  if (der === undefined) return anonymous({ protocol, cipher, servername, alpn, reused: reused === 1 })
  const peerCertificate = new X509Certificate(der)
  const authorizationError = authorizationErrorOf(security, verified, peerCertificate)
  return {
    ...{ protocol, cipher, servername, alpn, reused: reused === 1 },
    ...{ authorized: authorizationError === undefined, authorizationError, peerCertificate },
  }
}

/** Most peers without a certificate negotiate the same parameters, so their connections share one object. */
const known = new LruMap<TlsInfo>(100)

function anonymous(agreed: Pick<TlsInfo, 'protocol' | 'cipher' | 'servername' | 'alpn' | 'reused'>): TlsInfo {
  const { protocol, cipher, servername, alpn, reused } = agreed
  const key = `${protocol} ${cipher} ${reused} ${servername.length} ${servername}${alpn}`
  let info = known.get(key)
  if (info === undefined) {
    const nobody = { authorized: false, authorizationError: undefined, peerCertificate: undefined }
    info = Object.freeze({ ...agreed, ...nobody })
    known.set(key, info)
  }
  return info
}

function authorizationErrorOf(
  security: ServerSecurity | ClientSecurity,
  verified: number,
  certificate: X509Certificate,
): string | undefined {
  if (security.side === 'server' && !security.requestCert) return undefined
  const error = verifyError(verified)
  if (error !== undefined || security.side === 'server') return error
  return security.servername === '' ? undefined : identityError(security.servername, certificate)?.code
}
