import type { X509Certificate } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

/** TLS options of either side: those of `tls.createSecureContext`, and limits. */
export interface TlsOptions extends SecureContextOptions {
  /** Protocols to offer or accept, in order of preference: `['h2', 'http/1.1']`. Default: none. */
  ALPNProtocols?: readonly string[] | undefined
  /** Milliseconds allowed for a handshake. Default 10 000. */
  handshakeTimeout?: number | undefined
  /**
   * True: treats an end without close_notify as orderly. Default false: it is `ECONNRESET`, as an attacker
   * may have truncated the stream.
   */
  allowTruncation?: boolean | undefined
}

/** TLS options of a server. */
export interface TlsServerOptions extends TlsOptions {
  /** Asks clients for a certificate. Default false. */
  requestCert?: boolean | undefined
  /** False: accepts clients whose certificate is missing or untrusted, as `info.tls` shows. Default true. */
  rejectUnauthorized?: boolean | undefined
  /** Limit on concurrent handshakes; further peers wait to be accepted. Default 1024. */
  maxHandshakes?: number | undefined
  /**
   * Returns the options for the server name that a client requests (empty if none), or a promise of them. If
   * it returns nothing, these options apply. An exception fails the handshake.
   */
  choose?(
    servername: string,
  ): SecureContextOptions | null | undefined | Promise<SecureContextOptions | null | undefined>
}

/** TLS options of a client. */
export interface TlsClientOptions extends TlsOptions {
  /** The server name to request (SNI) and to verify the certificate against. Default: the dialled host. */
  servername?: string | undefined
  /** False: accepts any certificate; `info.tls` tells what is wrong with it. Default true. */
  rejectUnauthorized?: boolean | undefined
}

/** TLS options for upgrading an open connection: those of its side. */
export interface TlsUpgradeOptions extends TlsServerOptions, TlsClientOptions {
  /**
   * Whether to act as the server in the handshake. Default: true for an accepted connection, false for a
   * dialled or attached one.
   */
  isServer?: boolean | undefined
}

/** The result of a TLS handshake. */
export interface TlsInfo {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string
  /** OpenSSL's name for the cipher suite: `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string
  /** The server name that the client requested (SNI); empty if none. */
  readonly servername: string
  /** The protocol negotiated by ALPN; empty if none. */
  readonly alpn: string
  /** Whether the handshake resumed an earlier session. */
  readonly reused: boolean
  /** Whether the peer presented a trusted certificate that matches the dialled name. */
  readonly authorized: boolean
  /**
   * The reason if not, in `node:tls`'s words: `DEPTH_ZERO_SELF_SIGNED_CERT`, `ERR_TLS_CERT_ALTNAME_INVALID`.
   */
  readonly authorizationError: string | undefined
  /** Undefined if the peer presented none. */
  readonly peerCertificate: X509Certificate | undefined
}
