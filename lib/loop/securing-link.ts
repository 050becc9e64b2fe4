import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { RevioError } from '../errors.js'
import type { Address } from '../info.js'
import type { TimedHandshake } from '../transport/handshakes.js'
import type { LayeredLink } from '../transport/layering.js'
import { Outbox } from '../transport/outbox.js'
import type { ClientSecurity, ServerSecurity } from '../transport/security.js'
import { type Link, nobody, type Receiver, type Tuning } from '../transport/transport.js'

/** How much of the plain output is offered at a time. No link has more of it on its way. */
const SLICE = 64 * 1024

const nothing = new Outbox()

/** What a connection that becomes TLS needs, and whom it tells. */
export interface SecuringOptions {
  readonly security: ServerSecurity | ClientSecurity
  /** With whom, for errors. */
  readonly peer: string
  /** Bytes of the connection's outbox that go as they are, in front of the handshake. */
  readonly plain: number
  /** Input that nobody has seen. It is the handshake's. */
  readonly unread: readonly Uint8Array[]
  /** TLS around a link that has none of its own. */
  readonly layer: (raw: Link) => LayeredLink
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
  /** The plain output has gone: `begin` is to be called, in a turn. */
  readonly ready: () => void
  readonly begun: () => void
  /** The handshake is done, within a turn. `link` is to take the place of this; `layer` is what it is, if it is one. */
  readonly secured: (link: Link, layer: LayeredLink | undefined) => void
  /** No handshake is under way any more. */
  readonly over: () => void
}

/**
 * The connection from the moment when it is to become TLS until it is. Output from before goes first, as it is; what
 * comes later waits, and so does an end. No input is delivered.
 */
export class SecuringLink implements LayeredLink, Receiver, TimedHandshake {
  receiver: Receiver = nobody
  readonly #options: SecuringOptions
  readonly #raw: Link
  /** TLS around the link below; undefined before it has begun, and where that link does it itself. */
  #layer: LayeredLink | undefined
  #unread: Uint8Array[]
  #plain: number
  #offered = 0
  #taken = 0
  #blocked = false
  #begun = false
  #over = false
  /** The peer has ended, in the clear. */
  #ended = false
  #ending = false

  constructor(raw: Link, options: SecuringOptions) {
    this.#raw = raw
    this.#options = options
    this.#unread = [...options.unread]
    this.#plain = options.plain
    raw.read(false)
    if (this.#plain === 0) options.ready()
  }

  /** Hears of the link below. */
  get wire(): Receiver {
    return this.#layer?.wire ?? this
  }

  get #below(): Link {
    return this.#layer ?? this.#raw
  }

  /** Begins the handshake, within a turn. */
  begin(): void {
    if (this.#begun || this.#over) return
    this.#begun = true
    const unread = this.#unread
    this.#unread = []
    if (this.#ended) return this.ended()
    this.#options.begun()
    if (this.#raw.secure !== undefined) {
      this.#raw.read(true)
      return this.#raw.secure(this.#options.security, unread)
    }
    this.#wrap(unread)
    this.receiver.writable()
  }

  #wrap(unread: readonly Uint8Array[]): LayeredLink {
    const layer = this.#options.layer(this.#raw)
    this.#layer = layer
    layer.receiver = this
    this.#raw.receiver = layer.wire
    this.#raw.read(true)
    for (const bytes of unread) layer.wire.input(Buffer.from(bytes))
    return layer
  }

  // For the loop. ///////////////////////////////////////////////////////////////////////////////////////////////////

  get taken(): number {
    this.#settle()
    return this.#taken
  }

  get unconfirmed(): number {
    return this.#below.unconfirmed ?? 0
  }

  get failure(): Error | undefined {
    return this.#below.failure
  }

  get over(): boolean {
    return this.#below.over === true
  }

  get ending(): boolean {
    return this.#ending && !this.#over
  }

  get wantsWrite(): boolean {
    this.#settle()
    return this.#below.wantsWrite === true || (this.#plain > 0 && !this.#blocked)
  }

  write(outbox: Outbox): void {
    const size = Math.min(this.#plain, SLICE)
    this.#taken = 0
    this.#offered = size
    if (size > 0) {
      const plain = new Outbox()
      plain.give(outbox.oldest(size))
      this.#raw.write(plain)
    } else if (this.#below.wantsWrite === true) this.#below.write(nothing)
  }

  confirm(): void {
    this.#below.confirm?.()
  }

  unacknowledged(): number | undefined {
    return this.#below.unacknowledged?.()
  }

  /** A handshake is read whatever the connection wants; it says so again to the link that takes this one's place. */
  read(): void {}

  end(): void {
    this.#ending = true
  }

  close(options: { reset: boolean }): void {
    this.#finish()
    this.#below.close(options)
  }

  /** The socket is one of plain bytes, though nobody has encrypted any yet. */
  detach(unread: readonly Uint8Array[]): net.Socket {
    this.#finish()
    if (this.#begun) return this.#below.detach(unread)
    return this.#wrap(this.#unread).detach(unread)
  }

  tune(options: Tuning): void {
    this.#raw.tune(options)
  }

  addresses(): { local: Address; remote: Address } {
    return this.#raw.addresses()
  }

  // What the link below tells. //////////////////////////////////////////////////////////////////////////////////////

  input(bytes: Buffer): void {
    this.#unread.push(Buffer.from(bytes))
  }

  ended(): void {
    this.#ended = true
    if (!this.#begun) return
    this.failed(
      new RevioError(
        'ECONNRESET',
        `TLS handshake with ${this.#options.peer}: the peer has ended the connection`,
      ),
    )
  }

  failed(error: Error): void {
    this.#finish()
    this.receiver.failed(error)
  }

  writable(): void {
    this.receiver.writable()
  }

  secured(): void {
    if (!this.#finish()) return
    const link = this.#below
    this.#options.secured(link, this.#layer)
    if (this.#ending) link.end()
  }

  expired(): void {
    const { peer, security, turn } = this.#options
    const message = `TLS handshake with ${peer}: not done in ${security.handshakeTimeout} ms`
    turn(() => this.failed(new RevioError('ETIMEDOUT', message)))
  }

  #finish(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#options.over()
    return true
  }

  #settle(): void {
    if (this.#offered === 0) return
    const { taken } = this.#raw
    this.#taken = taken
    this.#blocked = taken < this.#offered && this.#raw.wantsWrite !== true
    this.#offered = 0
    this.#plain -= taken
    if (this.#plain === 0) this.#options.ready()
  }
}
