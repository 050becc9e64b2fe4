import type { Buffer } from 'node:buffer'
import type { X509Certificate } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

/**
 * TLS as a transport is told of it: options that have been checked. It never changes; a transport keeps what it makes
 * of it (an OpenSSL context) by the object.
 */
export interface Security {
  /** What the context is made of: certificate, key, ciphers, versions, ticket keys. */
  readonly context: SecureContextOptions
  /** The protocols offered or accepted, each behind its length in one byte; undefined: none. */
  readonly alpn: Buffer | undefined
  readonly rejectUnauthorized: boolean
  readonly handshakeTimeout: number
  /** An end without close_notify is an orderly end. */
  readonly allowTruncation: boolean
}

export interface ServerSecurity extends Security {
  readonly side: 'server'
  readonly requestCert: boolean
  readonly maxHandshakes: number
  /** Another context for the name that a client asks for; undefined: this one's own. Each object is made once, and kept. */
  readonly choose:
    | ((servername: string) => SecureContextOptions | undefined | Promise<SecureContextOptions | undefined>)
    | undefined
}

/** A session as node:tls has it, and the certificate that the server has shown when it began. */
export interface KnownSession {
  readonly bytes: Buffer
  readonly certificate: X509Certificate | undefined
}

/** The newest session with one server. A transport that has sessions of another kind keeps them by this object. */
export interface ServerSessions {
  newest: KnownSession | undefined
}

export interface ClientSecurity extends Security {
  readonly side: 'client'
  /** The same object where all but `servername` and `sessions` is the same: those share a context. */
  readonly profile?: object | undefined
  /** What is resumed; undefined: nothing is. */
  readonly sessions?: ServerSessions | undefined
  /** What the server's certificate is to be for: a name, which is asked for, or an IP address, which is not. */
  readonly servername: string
}
