import { RevioError } from '../../errors.js'
import type { Handshakes, TimedHandshake } from '../handshakes.js'
import type { LayeredLink, MakeTls } from '../layering.js'
import { Outbox } from '../outbox.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import { tlsError } from '../tls-error.js'
import type { Link, Receiver, Transport } from '../transport.js'

/** The parameters and callbacks of a handshake. */
export interface TlsHandshakeOptions {
  readonly security: ServerSecurity | ClientSecurity
  readonly makeTls: MakeTls
  /** The handshakes that share its timer. */
  readonly handshakes: Handshakes
  readonly transport: Transport & { readonly host: { turn(run: () => void): void; readonly inTurn: boolean } }
  /** The peer's name, for error messages. */
  readonly peer: string
  /** The handshake is done. Called inside a turn; returns the receiver of the link. */
  readonly secured: (link: Link) => Receiver
  /** The handshake failed. Called inside a turn. */
  readonly failed: (error: Error) => void
  /** The handshake is over, with either outcome or neither. */
  readonly over: () => void
}

const nothing = new Outbox()

/** A TLS handshake on an established connection, which the loop does not know about yet. */
export class TlsHandshake implements Receiver, TimedHandshake {
  readonly #options: TlsHandshakeOptions
  readonly #link: LayeredLink
  #over = false

  constructor(raw: Link, options: TlsHandshakeOptions) {
    this.#options = options
    const { security, transport, peer, handshakes, makeTls } = options
    this.#link = makeTls(raw, { security, peer, host: transport.host })
    this.#link.receiver = this
    handshakes.add(this)
  }

  /** Receives the events of the link below. */
  get wire(): Receiver {
    return this.#link.wire
  }

  /** Begins the handshake, inside a turn. */
  start(): void {
    if (!this.#over) this.#flush()
  }

  secured(): void {
    if (!this.#end()) return
    this.#link.receiver = this.#options.secured(this.#link)
    // The receiver requests a flush for what the layer received meanwhile.
    this.#link.receiver.writable()
  }

  input(): void {}

  ended(): void {
    this.failed(Object.assign(new Error('the peer ended the connection'), { code: 'ECONNRESET' }))
  }

  failed(error: Error): void {
    if (!this.#end()) return
    // Sends the alert that says why.
    this.#flush()
    this.#link.close({ reset: false })
    this.#options.failed(tlsError(error, `TLS handshake with ${this.#options.peer}`))
  }

  writable(): void {
    this.start()
  }

  expired(): void {
    const { security, peer, transport } = this.#options
    const message = `TLS handshake with ${peer}: not completed within ${security.handshakeTimeout} ms`
    transport.host.turn(() => this.failed(new RevioError('ETIMEDOUT', message)))
  }

  /** Ends the handshake without a callback to the loop. */
  giveUp(): void {
    if (this.#end()) this.#link.close({ reset: false })
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#options.handshakes.delete(this)
    this.#options.over()
    return true
  }

  /** Sends what TLS has to send. */
  #flush(): void {
    do {
      this.#link.write(nothing)
      this.#options.transport.flush()
    } while (this.#link.taken >= 0 && this.#link.wantsWrite)
  }
}
