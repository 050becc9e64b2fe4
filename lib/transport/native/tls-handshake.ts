import type { Buffer } from 'node:buffer'
import type { SecureContextOptions } from 'node:tls'
import { asError, RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import { isPromiseLike } from '../../promise-like.js'
import type { TimedHandshake } from '../handshakes.js'
import type { ServerSecurity } from '../security.js'
import { tlsError } from '../tls-error.js'
import { nobody, type Receiver } from '../transport.js'
import type { SessionLink, TlsSession } from './tls-session.js'

/** Receives the outcome of a handshake: exactly one method is called, inside a turn. */
export interface Outcome {
  secured(): void
  failed(error: Error, remote: Address): void
}

/** A link, as a handshake uses it. */
export interface SecuredLink extends SessionLink {
  /** A handshake begins and receives the link's events. */
  secures(session: TlsSession, handshake: Handshake): void
  /** The handshake is over. */
  secured(handshake: Handshake): void
  close(options: { reset: boolean }): void
}

/** The operations that a handshake needs. */
export interface HandshakeOwner {
  /** Runs `run` as a turn. */
  turn(run: () => void): void
  /** Passes input that was read before the handshake began. */
  feed(slot: number, bytes: Uint8Array): void
  /** Responds to `hello`. */
  choose(slot: number, options: SecureContextOptions | undefined, refused: boolean): void
  /** The handshake is over, whatever its outcome. */
  over(handshake: Handshake): void
}

/** Receives a link's events while its handshake is in progress, in place of the later receiver. */
export class Handshake implements Receiver, TimedHandshake {
  readonly link: SecuredLink
  readonly session: TlsSession
  /** The receiver after the handshake. */
  next: Receiver = nobody
  readonly #owner: HandshakeOwner
  readonly #outcome: Outcome
  /** Why no context could be selected. */
  #refusal: Error | undefined
  #over = false

  constructor(owner: HandshakeOwner, link: SecuredLink, session: TlsSession, outcome: Outcome) {
    this.#owner = owner
    this.link = link
    this.session = session
    this.#outcome = outcome
  }

  input(bytes: Buffer): void {
    try {
      this.#owner.feed(this.link.slot, bytes)
    } catch (error) {
      this.failed(asError(error))
    }
  }

  /** The addon handles the end itself, and fails the handshake. */
  ended(): void {}

  writable(): void {}

  secured(): void {
    if (!this.#end()) return
    const { identityError } = this.session
    if (identityError === undefined) this.#outcome.secured()
    else this.#fail(identityError)
  }

  failed(error: Error): void {
    if (this.#end()) this.#fail(this.#refusal ?? error)
  }

  expired(): void {
    const { what, security } = this.session
    const message = `${what}: not completed within ${security.handshakeTimeout} ms`
    this.#owner.turn(() => this.failed(new RevioError('ETIMEDOUT', message)))
  }

  /** Abandons the handshake without an outcome. */
  giveUp(): void {
    this.#end()
  }

  /** A client sent its server name, which may be empty. */
  hello(servername: string, { choose }: ServerSecurity): void {
    try {
      const chosen = choose?.(servername)
      if (!isPromiseLike(chosen)) return this.#choose(chosen)
      chosen.then(
        options => this.#choose(options),
        thrown => this.#refuse(thrown),
      )
    } catch (thrown) {
      this.#refuse(thrown)
    }
  }

  #choose(options: SecureContextOptions | undefined): void {
    if (this.#over) return
    try {
      this.#owner.choose(this.link.slot, options, false)
    } catch (thrown) {
      this.#refuse(thrown)
    }
  }

  #refuse(thrown: unknown): void {
    if (this.#over) return
    this.#refusal = asError(thrown, 'choose')
    this.#owner.choose(this.link.slot, undefined, true)
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#owner.over(this)
    return true
  }

  #fail(error: Error): void {
    const { what, remote } = this.session
    this.#outcome.failed(tlsError(error, what), remote)
  }
}
