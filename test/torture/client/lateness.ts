/** Milliseconds between looks. */
const LOOK = 50

/**
 * How far this process has fallen behind its own timer: because the machine had others to run, or because it was busy.
 * What a client does late is not the server's doing.
 */
export class Lateness {
  #sum = 0
  #last = performance.now()

  constructor() {
    setInterval(() => this.#look(), LOOK).unref()
  }

  /** Milliseconds, in all. */
  get sum(): number {
    return this.#sum + Math.max(0, performance.now() - this.#last - LOOK)
  }

  #look(): void {
    this.#sum = this.sum
    this.#last = performance.now()
  }
}
