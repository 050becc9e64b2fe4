import type { LayerHost } from '../transport/layering.js'

/** What has something to tell. */
export interface Teller {
  /** Tells it, inside a turn. */
  deliver(): void
}

/**
 * Brings what several links have to tell into one turn. Sockets are read one after the other, and a turn for each costs more
 * than what happens in it; this one runs right after the poll that has brought them, as the native transport's does.
 */
export class Gathering {
  static readonly #all = new WeakMap<LayerHost, Gathering>()
  readonly #host: LayerHost
  #waiting: Teller[] = []

  private constructor(host: LayerHost) {
    this.#host = host
  }

  /** The one of a loop. */
  static of(host: LayerHost): Gathering {
    const known = Gathering.#all.get(host)
    if (known !== undefined) return known
    const made = new Gathering(host)
    Gathering.#all.set(host, made)
    return made
  }

  /** Called outside of a turn. */
  add(teller: Teller): void {
    if (this.#waiting.push(teller) === 1) setImmediate(this.#run)
  }

  readonly #run = (): void => {
    const tellers = this.#waiting
    this.#waiting = []
    this.#host.turn(() => {
      for (const teller of tellers) teller.deliver()
    })
  }
}
