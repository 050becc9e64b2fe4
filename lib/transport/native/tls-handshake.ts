import type { Buffer } from 'node:buffer'
import type { SecureContextOptions } from 'node:tls'
import { asError, RevioError } from '../../errors.js'
import type { TimedHandshake } from '../handshakes.js'
import type { ServerSecurity } from '../security.js'
import { tlsError } from '../tls-error.js'
import { nobody, type Receiver } from '../transport.js'

/** What a handshake needs from the transport. */
export interface HandshakeOptions {
  /** Milliseconds. */
  readonly timeout: number
  /** Runs something as a turn of its own. */
  readonly turn: (run: () => void) => void
  /** Bytes that were read before it began. */
  readonly feed: (bytes: Uint8Array) => void
  /** The answer to `hello`. */
  readonly choose: (options: SecureContextOptions | undefined, refused: boolean) => void
  /** What is under way and with whom, for errors. */
  readonly session: { readonly what: string }
  /** It is over, whatever came of it. */
  readonly over: (handshake: Handshake) => void
  /** One of the two is called, inside a turn. */
  readonly secured: () => void
  readonly failed: (error: Error) => void
}

/** Hears of a link while its handshake is under way, in the place of whoever is to hear of it then. */
export class Handshake implements Receiver, TimedHandshake {
  /** Hears of the link when it is done. */
  next: Receiver = nobody
  readonly #options: HandshakeOptions
  /** What kept a context from being chosen. */
  #refusal: Error | undefined
  #over = false

  constructor(options: HandshakeOptions) {
    this.#options = options
  }

  input(bytes: Buffer): void {
    this.#options.feed(bytes)
  }

  /** The addon meets the end in its place. */
  ended(): void {}

  writable(): void {}

  secured(): void {
    if (this.#end()) this.#options.secured()
  }

  failed(error: Error): void {
    if (this.#end()) this.#options.failed(tlsError(this.#refusal ?? error, this.#options.session.what))
  }

  expired(): void {
    const { timeout, session, turn } = this.#options
    const message = `${session.what}: not done in ${timeout} ms`
    turn(() => this.failed(new RevioError('ETIMEDOUT', message)))
  }

  /** Nobody wants to know any more. */
  giveUp(): void {
    this.#end()
  }

  /** A client asks for a name, empty for none. */
  hello(servername: string, { choose }: ServerSecurity): void {
    try {
      const chosen = choose?.(servername)
      if (!isThenable(chosen)) return this.#choose(chosen)
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
      this.#options.choose(options, false)
    } catch (thrown) {
      this.#refuse(thrown)
    }
  }

  #refuse(thrown: unknown): void {
    if (this.#over) return
    this.#refusal = asError(thrown, 'choose')
    this.#options.choose(undefined, true)
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#options.over(this)
    return true
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function'
}
