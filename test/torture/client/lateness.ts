/** Milliseconds between checks. */
const LOOK = 50

/**
 * How late this process's own timer is: because the machine ran other processes, or because this one was busy. The
 * server is not responsible for a late client.
 */
export class Lateness {
  #sum = 0
  #last = performance.now()

  constructor() {
    setInterval(() => this.#look(), LOOK).unref()
  }

  /** Milliseconds, in total. */
  get sum(): number {
    return this.#sum + Math.max(0, performance.now() - this.#last - LOOK)
  }

  #look(): void {
    this.#sum = this.sum
    this.#last = performance.now()
  }
}
