import type { TlsInfo } from './tls.js'

/** What is known of a connection when it opens. It stays readable after the connection is gone. */
export interface Info {
  /** Which of `serve`'s addresses accepted it; -1 for one that was dialled or attached. */
  readonly addressIndex: number
  readonly localAddress: Address
  readonly remoteAddress: Address
  /** True for a dialled connection that could not be made; `closed` follows with the error. */
  readonly closing: boolean
  /** What TLS has agreed on with the peer; undefined for a plain connection. */
  readonly tls: TlsInfo | undefined
}

/** One end of a connection, or what was bound. */
export interface Address {
  readonly network: 'tcp4' | 'tcp6' | 'unix' | 'udp4' | 'udp6'
  /** Numeric host; empty for `unix`. */
  readonly host: string
  /** 0 for `unix`. */
  readonly port: number
  /** Empty for all but `unix`, and for the nameless peer of a Unix socket. */
  readonly path: string
  /**
   * The address in the form that `serve` takes: `tcp4://127.0.0.1:5000`, `unix:///tmp/echo.sock`; `tls4://…` for what
   * has begun with TLS.
   */
  toString(): string
}
