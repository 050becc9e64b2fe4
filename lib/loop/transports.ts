import { asError } from '../errors.js'
import type { Transport } from '../transport/transport.js'

/** The transports of a loop, from their start to their end. */
export class LoopTransports {
  readonly all: Transport[] = []
  readonly #warn: (error: Error) => void

  /** @param warn - Takes what fails while the loop ends, which does not keep it from ending. */
  constructor(warn: (error: Error) => void) {
    this.#warn = warn
  }

  /** Peers may come. */
  start(): void {
    for (const transport of this.all) transport.start()
  }

  /** Releases every listener. Answers whether another thread has accepted what may be on its way. */
  unbind(): boolean {
    this.#each(transport => transport.unbind())
    return this.all.some(({ joined }) => joined === true)
  }

  /** Peers are connected that will be accepted when their handshake is done. */
  get handshaking(): boolean {
    return this.all.some(({ handshaking = 0 }) => handshaking > 0)
  }

  /** Nothing that is on its way comes any more. */
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
