import type { TLSSocket } from 'node:tls'
import type { TlsInfo } from '../tls.js'
import type { TlsLayerOptions } from '../transport/layering.js'
import type { ClientSecurity, ServerSecurity } from '../transport/security.js'
import { tlsError, truncationError } from '../transport/tls-error.js'
import type { Link } from '../transport/transport.js'
import { StreamLink } from './stream-link.js'
import { refusalOf, tlsInfoOf, tlsStream, watchEnd } from './tls-stream.js'
import { Wire } from './wire.js'

/**
 * TLS of node:tls around a link, whatever that moves its bytes with.
 *
 * It does not use the socket of a link directly, though that would cost less: there Node tells the end of a connection
 * and the end that the peer has sealed (close_notify) in the same way, so that nobody knows whether bytes are missing.
 */
export class TlsLink extends StreamLink {
  readonly #socket: TLSSocket
  #tls: TlsInfo | undefined

  constructor(raw: Link, { security, host, peer }: TlsLayerOptions) {
    const wire = new Wire(raw)
    const socket = tlsStream(wire, security)
    let secured = false
    let truncated: boolean | undefined
    watchEnd(socket, () => {
      truncated ??= wire.readableEnded
    })
    const verdict = (error: Error | undefined) => {
      const what = `TLS ${secured ? '' : 'handshake '}with ${peer}`
      if (error !== undefined) return tlsError(error, what)
      return secured && truncated === true && !security.allowTruncation ? truncationError() : undefined
    }
    super(0, raw, { wire, source: socket, sink: socket, verdict }, host)
    this.#socket = socket
    socket.once(security.side === 'server' ? 'secure' : 'secureConnect', () => {
      secured = true
      this.#secure(security)
    })
  }

  get tls(): TlsInfo | undefined {
    return this.#tls
  }

  #secure(security: ServerSecurity | ClientSecurity): void {
    const refusal = refusalOf(this.#socket, security)
    if (refusal !== undefined) return void this.#socket.destroy(refusal)
    this.#tls = tlsInfoOf(this.#socket, security)
    this.announce(receiver => receiver.secured?.())
  }
}
