import type { TLSSocket } from 'node:tls'
import type { TlsInfo } from '../tls.js'
import type { TlsLayerOptions } from '../transport/layering.js'
import type { ClientSecurity, ServerSecurity } from '../transport/security.js'
import { tlsError, truncationError } from '../transport/tls-error.js'
import type { Link } from '../transport/transport.js'
import { Streams } from './streams.js'
import { refusalOf, tlsInfoOf, tlsStream, watchEnd } from './tls-stream.js'
import { Wire } from './wire.js'
import { WireLink } from './wire-link.js'

/**
 * TLS by node:tls around any link.
 *
 * It does not run on a link's own socket, though that would be cheaper: there Node reports a closed connection and an
 * authenticated end (close_notify) in the same way, so a truncation would go unnoticed.
 */
export class TlsLink extends WireLink {
  readonly #socket: TLSSocket
  readonly #security: ServerSecurity | ClientSecurity
  readonly #peer: string
  #tls: TlsInfo | undefined
  #secured = false
  /** The connection ended before the peer ended TLS; undefined until the input has ended. */
  #truncated: boolean | undefined

  constructor(raw: Link, { security, host, peer }: TlsLayerOptions) {
    const wire = new Wire(raw)
    const socket = tlsStream(wire, security)
    super(0, raw, new Streams(wire, socket, socket), wire, host)
    this.#socket = socket
    this.#security = security
    this.#peer = peer
    watchEnd(socket, () => {
      this.#truncated ??= wire.readableEnded
    })
    socket.once(security.side === 'server' ? 'secure' : 'secureConnect', this.#onSecure)
  }

  get tls(): TlsInfo | undefined {
    return this.#tls
  }

  protected override verdict(error: Error | undefined): Error | undefined {
    if (error !== undefined)
      return tlsError(error, `TLS ${this.#secured ? '' : 'handshake '}with ${this.#peer}`)
    const cut = this.#secured && this.#truncated === true && !this.#security.allowTruncation
    return cut ? truncationError() : undefined
  }

  readonly #onSecure = (): void => {
    const refusal = refusalOf(this.#socket, this.#security)
    if (refusal !== undefined) return void this.#socket.destroy(refusal)
    this.#secured = true
    this.#tls = tlsInfoOf(this.#socket, this.#security)
    this.turns.tell(receiver => receiver.secured?.())
  }
}
