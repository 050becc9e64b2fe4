import { RevioError } from '../errors.js'
import type { Handlers } from '../events.js'
import type { Dialer as Caller, Link, Receiver, Transport } from '../transport/transport.js'
import type { AsyncContext } from './async-context.js'
import type { Timed } from './timeouts.js'

/** A requested connection, and its properties once established. */
export interface Made {
  readonly id: number
  readonly transport: Transport
  /** The caller's async context. */
  readonly scope: AsyncContext
  readonly handlers: Handlers<unknown>
  readonly context: unknown
  /** Output to send before all else. */
  readonly preface?: string
}

interface PendingOptions {
  readonly made: Made
  readonly what: string
  readonly turn: (run: () => void) => void
  readonly connected: (transport: Transport, link: Link) => Receiver
  readonly failed: (error: Error) => void
}

/** A connection in progress. */
export class Dial implements Caller, Timed {
  readonly made: Made
  giveUp: () => void = () => {}
  dueAt = Number.POSITIVE_INFINITY
  deadline = 0
  timeoutIndex = -1
  #timeout = 0
  readonly #options: PendingOptions

  constructor(options: PendingOptions) {
    this.#options = options
    this.made = options.made
  }

  timesOut(at: number, timeout: number): void {
    this.dueAt = at
    this.#timeout = timeout
  }

  connected(transport: Transport, link: Link): Receiver {
    return this.#options.connected(transport, link)
  }

  failed(error: Error): void {
    this.#options.failed(error)
  }

  expired(): void {
    this.#options.turn(() => this.abandon('ETIMEDOUT', `not connected in ${this.#timeout} ms`))
  }

  abandon(code: 'ETIMEDOUT' | 'ECONNABORTED', why: string): void {
    this.giveUp()
    this.#options.failed(new RevioError(code, `${this.#options.what}: ${why}`))
  }
}
