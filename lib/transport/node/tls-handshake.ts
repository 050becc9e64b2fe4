import { RevioError } from '../../errors.js'
import type { Handshakes, TimedHandshake } from '../handshakes.js'
import type { LayeredLink, MakeTls } from '../layering.js'
import { Outbox } from '../outbox.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import { tlsError } from '../tls-error.js'
import type { Link, Receiver, Transport } from '../transport.js'

/** What a handshake needs, and whom it tells. */
export interface TlsHandshakeOptions {
  readonly security: ServerSecurity | ClientSecurity
  readonly makeTls: MakeTls
  /** Those among which it is timed. */
  readonly handshakes: Handshakes
  readonly transport: Transport & { readonly host: { turn(run: () => void): void; readonly inTurn: boolean } }
  /** With whom, for errors. */
  readonly peer: string
  /** It is done, inside a turn: who hears of the link? */
  readonly secured: (link: Link) => Receiver
  /** It has failed, inside a turn. */
  readonly failed: (error: Error) => void
  /** Neither is going to be called any more. */
  readonly over: () => void
}

const nothing = new Outbox()

/** A connection from the moment when it is there until TLS is: the loop does not know of it yet. */
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

  /** Hears of the link below. */
  get wire(): Receiver {
    return this.#link.wire
  }

  /** The link below has begun, inside a turn. */
  start(): void {
    if (!this.#over) this.#flush()
  }

  secured(): void {
    if (!this.#end()) return
    this.#link.receiver = this.#options.secured(this.#link)
    // What it was told meanwhile: there may be something to flush.
    this.#link.receiver.writable()
  }

  input(): void {}

  ended(): void {
    this.failed(Object.assign(new Error('the peer has ended the connection'), { code: 'ECONNRESET' }))
  }

  failed(error: Error): void {
    if (!this.#end()) return
    // An alert says why.
    this.#flush()
    this.#link.close({ reset: false })
    this.#options.failed(tlsError(error, `TLS handshake with ${this.#options.peer}`))
  }

  writable(): void {
    this.start()
  }

  expired(): void {
    const { security, peer, transport } = this.#options
    const message = `TLS handshake with ${peer}: not done in ${security.handshakeTimeout} ms`
    transport.host.turn(() => this.failed(new RevioError('ETIMEDOUT', message)))
  }

  /** Ends it without telling anybody. */
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

  /** Sends what TLS has to say. */
  #flush(): void {
    do {
      this.#link.write(nothing)
      this.#options.transport.flush()
    } while (this.#link.taken >= 0 && this.#link.wantsWrite)
  }
}
