import type { Rival } from './plan.js'
import { type Running, start } from './server.js'

/** A server behind the measured ones, which is not measured itself. Starts on first use. */
export class Backend {
  readonly #rival: Rival
  #running: Promise<Running> | undefined

  constructor(rival: Rival) {
    this.#rival = rival
  }

  async port(): Promise<number> {
    this.#running ??= start(this.#rival)
    return (await this.#running).port
  }

  async stop(): Promise<void> {
    await (await this.#running)?.stop()
  }
}
