import type { LayerHost } from '../transport/layering.js'

/** A source of events that wait to be delivered. */
export interface Source {
  /** Delivers its events. Called inside a turn. */
  deliver(): void
}

/**
 * Delivers the events of several links in one turn. Node reads sockets one by one, and a turn for each would cost more
 * than what happens in it. The shared turn runs right after the poll that read them, as the native transport's does.
 */
export class Gathering {
  static readonly #all = new WeakMap<LayerHost, Gathering>()
  readonly #host: LayerHost
  #waiting: Source[] = []

  private constructor(host: LayerHost) {
    this.#host = host
  }

  /** Returns the gathering of a loop. */
  static of(host: LayerHost): Gathering {
    const known = Gathering.#all.get(host)
    if (known !== undefined) return known
    const made = new Gathering(host)
    Gathering.#all.set(host, made)
    return made
  }

  /** Adds a source of events. Called outside a turn. */
  add(source: Source): void {
    if (this.#waiting.push(source) === 1) setImmediate(this.#run)
  }

  readonly #run = (): void => {
    const sources = this.#waiting
    this.#waiting = []
    this.#host.turn(() => {
      for (const source of sources) source.deliver()
    })
  }
}
