import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import type { Handlers } from '../events.js'
import { show } from '../show.js'
import type { AsyncContext } from './async-context.js'
import type { Clock } from './clock.js'
import { asAction, checkTick } from './reply.js'

/** What the ticker needs from its loop. */
export interface TickerOptions {
  readonly events: Pick<Handlers<unknown>, 'tick'>
  /** The async context of `tick`. */
  readonly scope: AsyncContext
  readonly clock: Clock
  /** Runs `tick` inside a turn. */
  readonly turn: (run: () => void) => void
  readonly shutdown: () => void
  readonly failed: (thrown: unknown) => void
}

/** Runs `tick` as long as it returns a delay. */
export class Ticker {
  readonly #options: TickerOptions
  #cancel: (() => void) | undefined
  #stopped = false

  constructor(options: TickerOptions) {
    this.#options = options
  }

  /** Runs `tick` now, and again at its delays. */
  run(): void {
    const { events, scope, clock, turn, shutdown, failed } = this.#options
    try {
      const tick = events.tick && scope.runInAsyncScope(events.tick, events)
      if (tick === undefined) return
      checkTick(tick)
      const [delay, wanted] = tick
      const action = asAction(wanted, 'tick')
      if (!(typeof delay === 'number' && delay >= 0)) {
        throw new RevioError(
          'ERR_REPLY',
          `tick returned ${show(delay)} as the delay: expected a non-negative number of milliseconds`,
        )
      }
      if (action === Action.Shutdown) shutdown()
      if (!this.#stopped) this.#cancel = clock.timer(Math.max(1, delay), () => turn(() => this.run()))
    } catch (thrown) {
      failed(thrown)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }
}
