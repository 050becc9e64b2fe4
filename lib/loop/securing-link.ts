import { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { RevioError } from '../errors.js'
import type { Address } from '../info.js'
import type { TimedHandshake } from '../transport/handshakes.js'
import type { LayeredLink } from '../transport/layering.js'
import { Outbox } from '../transport/outbox.js'
import type { ClientSecurity, ServerSecurity } from '../transport/security.js'
import { type Link, nobody, type Receiver, type Tuning } from '../transport/transport.js'

/** How much plain output is offered at a time. No link has more in flight. */
const SLICE = 64 * 1024

const nothing = new Outbox()

/** What a connection that upgrades to TLS needs, and whom it notifies. */
export interface SecuringOptions {
  readonly security: ServerSecurity | ClientSecurity
  /** The peer's name, for errors. */
  readonly peer: string
  /** Bytes of the outbox that go out in the clear, ahead of the handshake. */
  readonly plain: number
  /** Of these, how many the link below has on offer already, in a flush that is under way. */
  readonly offered: number
  /** The link below takes no more for now. */
  readonly blocked: boolean
  /** Undelivered input, which goes to the handshake. */
  readonly unread: readonly Uint8Array[]
  /** Adds TLS around a link without TLS of its own. */
  readonly layer: (raw: Link) => LayeredLink
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
  /** The plain output has been written: call `begin`, in a turn. */
  readonly ready: () => void
  readonly begun: () => void
  /**
   * The handshake has completed, within a turn. `link` replaces this one; `layer` is the same link if it is a layer.
   */
  readonly secured: (link: Link, layer: LayeredLink | undefined) => void
  /** No handshake is in progress any more. */
  readonly over: () => void
}

/**
 * A connection while it upgrades to TLS. Earlier output goes out first, in the clear; later output waits, and so does
 * an end. No input is delivered.
 */
export class SecuringLink implements LayeredLink, Receiver, TimedHandshake {
  receiver: Receiver = nobody
  readonly #options: SecuringOptions
  readonly #raw: Link
  /** TLS around the link below; undefined before it has begun, and if that link does TLS itself. */
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
    this.#offered = options.offered
    this.#blocked = options.blocked
    raw.read(false)
    if (this.#plain === 0) options.ready()
  }

  /** Receives the link's events. */
  get wire(): Receiver {
    return this.#layer?.wire ?? this
  }

  get #below(): Link {
    return this.#layer ?? this.#raw
  }

  /** Starts the handshake, within a turn. */
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

  #wrap(unread: readonly Uint8Array[]): void {
    const layer = this.#options.layer(this.#raw)
    this.#layer = layer
    layer.receiver = this
    this.#raw.receiver = layer.wire
    this.#raw.read(true)
    for (const bytes of unread) layer.wire.input(Buffer.from(bytes))
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

  /** A handshake is read whatever the connection wants; it repeats its wish to the link that replaces this one. */
  read(): void {}

  end(): void {
    this.#ending = true
  }

  close(options: { reset: boolean }): void {
    this.#finish()
    this.#below.close(options)
  }

  /** A Detach waits until the link below can be handed over by itself. */
  get securing(): boolean {
    return !this.#over
  }

  detach(unread: readonly Uint8Array[]): net.Socket {
    return this.#below.detach(unread)
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
      new RevioError('ECONNRESET', `TLS handshake with ${this.#options.peer}: the peer ended the connection`),
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
    const message = `TLS handshake with ${peer}: not completed within ${security.handshakeTimeout} ms`
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
