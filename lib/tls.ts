import type { X509Certificate } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

/** What TLS needs to know on either side: keys and certificates as `tls.createSecureContext` takes them, and limits. */
export interface TlsOptions extends SecureContextOptions {
  /** The protocols that are offered or accepted, the best one first: `['h2', 'http/1.1']`. Default: none. */
  ALPNProtocols?: readonly string[] | undefined
  /** Milliseconds that a handshake may take. Default 10 000. */
  handshakeTimeout?: number | undefined
  /**
   * True: an end without close_notify is an orderly end. Default false: it is `ECONNRESET`, as an attacker may have cut
   * off what was still to come.
   */
  allowTruncation?: boolean | undefined
}

/** TLS for those who connect. */
export interface TlsServerOptions extends TlsOptions {
  /** Asks clients for a certificate. Default false. */
  requestCert?: boolean | undefined
  /** False: takes clients whose certificate is missing or not trusted, and says so in `info.tls`. Default true. */
  rejectUnauthorized?: boolean | undefined
  /** Handshakes that may be under way at once; those that come in addition wait to be accepted. Default 1024. */
  maxHandshakes?: number | undefined
  /**
   * Answers the options of another certificate for the name that a client asks for (empty: for none), or a promise of
   * them. Nothing: the ones that stand here. What it throws ends the handshake.
   */
  choose?(
    servername: string,
  ): SecureContextOptions | null | undefined | Promise<SecureContextOptions | null | undefined>
}

/** TLS for a connection that this side makes. */
export interface TlsClientOptions extends TlsOptions {
  /** The name that is asked for and that the server's certificate is to be for. Default: the host that is dialled. */
  servername?: string | undefined
  /** False: takes any certificate, and says in `info.tls` what is wrong with it. Default true. */
  rejectUnauthorized?: boolean | undefined
}

/** TLS for a connection that is open: the options of its side. */
export interface TlsUpgradeOptions extends TlsServerOptions, TlsClientOptions {
  /**
   * Which side of the handshake this is. Default: that of a server for what was accepted, of a client for what was
   * dialled or attached.
   */
  isServer?: boolean | undefined
}

/** What the two sides have agreed on. */
export interface TlsInfo {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string
  /** OpenSSL's name of the cipher suite: `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string
  /** The name that the client asked for; empty for none. */
  readonly servername: string
  /** The protocol that was agreed on by ALPN; empty for none. */
  readonly alpn: string
  /** An earlier session was resumed. */
  readonly reused: boolean
  /** The peer's certificate is there and trusted, and for the name that was dialled. */
  readonly authorized: boolean
  /** Why not, as node:tls says it: `DEPTH_ZERO_SELF_SIGNED_CERT`, `ERR_TLS_CERT_ALTNAME_INVALID`; else undefined. */
  readonly authorizationError: string | undefined
  /** Undefined where the peer has shown none. */
  readonly peerCertificate: X509Certificate | undefined
}
