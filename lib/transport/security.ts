import type { Buffer } from 'node:buffer'
import type { X509Certificate } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

/**
 * Validated TLS options. They never change, so a transport can cache what it derives from them (an OpenSSL context) by
 * object.
 */
export interface Security {
  /** The options of the context: certificate, key, ciphers, versions, ticket keys. */
  readonly context: SecureContextOptions
  /** The ALPN protocols to offer or accept, each preceded by its length in one byte; undefined: no ALPN. */
  readonly alpn: Buffer | undefined
  readonly rejectUnauthorized: boolean
  readonly handshakeTimeout: number
  /** Accepts an end without close_notify as an orderly end. */
  readonly allowTruncation: boolean
}

export interface ServerSecurity extends Security {
  readonly side: 'server'
  readonly requestCert: boolean
  readonly maxHandshakes: number
  /**
   * Selects the context for the server name that a client requests; undefined: the default context. Each object is
   * made once and kept.
   */
  readonly choose:
    | ((servername: string) => SecureContextOptions | undefined | Promise<SecureContextOptions | undefined>)
    | undefined
}

/** A session of node:tls, with the certificate that the server sent in the original handshake. */
export interface KnownSession {
  readonly bytes: Buffer
  readonly certificate: X509Certificate | undefined
}

/** The newest session with one server. A transport with its own session format uses this object as the key. */
export interface ServerSessions {
  newest: KnownSession | undefined
}

export interface ClientSecurity extends Security {
  readonly side: 'client'
  /** Identifies all options except `servername` and `sessions`: targets with the same profile share a context. */
  readonly profile?: object | undefined
  /** The session to resume, if any. */
  readonly sessions?: ServerSessions | undefined
  /**
   * The identity that the server's certificate must have: a name, which is also sent as SNI, or an IP address, which
   * is not.
   */
  readonly servername: string
}
