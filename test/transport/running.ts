import type { Events, Server } from '../../lib/index.js'
import type { Monitor } from './monitor.js'
import type { Running } from './world.js'

/** The loops of a world. */
export class Loops {
  readonly #running: Running[] = []
  readonly #monitors: Monitor[] = []

  /** Runs a loop; resolves once `serving` has run, and rejects if that does not happen. */
  start<Context>(
    events: Events<Context>,
    monitor: Monitor,
    run: (events: Events<Context>) => Promise<void>,
  ): Promise<Running> {
    this.#monitors.push(monitor)
    return new Promise((resolve, reject) => {
      const loop = new Loop()
      const done = run({
        ...events,
        serving: server => {
          const action = events.serving?.(server)
          loop.server = server
          this.#running.push(loop)
          resolve(loop)
          return action
        },
      })
      loop.done = done.finally(() => {
        loop.ended = true
        monitor.over()
      })
      loop.done.catch(reject)
    })
  }

  /** Ends the loops that are still running; returns violations of the order of events. */
  async end(): Promise<string[]> {
    for (const { server, ended } of this.#running) if (!ended) server.shutdown({ timeout: 0 })
    await Promise.allSettled(this.#running.map(({ done }) => done))
    return this.#monitors.flatMap(({ violations }) => violations)
  }
}

class Loop implements Running {
  ended = false
  done: Promise<void> = Promise.resolve()
  #server: Server | undefined

  set server(server: Server) {
    this.#server = server
  }

  get server(): Server {
    if (this.#server === undefined) throw new Error('the loop does not run yet')
    return this.#server
  }
}
