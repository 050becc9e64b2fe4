import type { Rival } from './plan.js'
import { type Running, start } from './server.js'

/** A server behind those that take part, which is not measured: started when it is first asked for. */
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
