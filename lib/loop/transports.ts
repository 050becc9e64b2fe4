import { asError } from '../errors.js'
import type { Transport } from '../transport/transport.js'

/** A loop's transports, from start to end. */
export class LoopTransports {
  readonly all: Transport[] = []
  readonly #warn: (error: Error) => void

  /** @param warn - Receives failures during the shutdown, which goes on. */
  constructor(warn: (error: Error) => void) {
    this.#warn = warn
  }

  /** Starts accepting. */
  start(): void {
    for (const transport of this.all) transport.start()
  }

  /** Releases every listener. Returns whether another thread may have accepted connections that are on their way. */
  unbind(): boolean {
    this.#each(transport => transport.unbind())
    return this.all.some(({ joined }) => joined === true)
  }

  /** Whether connected peers are still in their handshake. */
  get handshaking(): boolean {
    return this.all.some(({ handshaking = 0 }) => handshaking > 0)
  }

  /** Rejects whatever is still on its way. */
  depart(): void {
    this.#each(transport => transport.depart?.())
  }

  close(): void {
    this.#each(transport => transport.close())
    this.all.length = 0
  }

  #each(step: (transport: Transport) => void): void {
    for (const transport of this.all) {
      try {
        step(transport)
      } catch (thrown) {
        this.#warn(asError(thrown, 'the end of the loop'))
      }
    }
  }
}
