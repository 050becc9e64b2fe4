import type { TlsInfo } from './tls.js'

/** A connection's metadata. It remains readable after the connection has closed. */
export interface Info {
  /** The index of the address that accepted the connection; -1 if it was dialled or attached. */
  readonly addressIndex: number
  readonly localAddress: Address
  readonly remoteAddress: Address
  /** True after a failed dial; `closed` follows with the error. */
  readonly closing: boolean
  /** The result of the TLS handshake; undefined for a plain connection. */
  readonly tls: TlsInfo | undefined
}

/** One end of a connection, or a bound address. */
export interface Address {
  readonly network: 'tcp4' | 'tcp6' | 'unix' | 'udp4' | 'udp6'
  /** Numeric host; empty for `unix`. */
  readonly host: string
  /** 0 for `unix`. */
  readonly port: number
  /** The socket's path for `unix`, empty for an unnamed peer; empty for all other networks. */
  readonly path: string
  /**
   * The address in the form that `serve` accepts: `tcp4://127.0.0.1:5000`, `unix:///tmp/echo.sock`;
   * `tls4://…` for TLS addresses and their connections.
   */
  toString(): string
}
