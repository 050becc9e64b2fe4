import type { Handlers } from '../events.js'
import type { AsyncContext } from './async-context.js'
import type { Clock } from './clock.js'
import { HANDLERS } from './handlers.js'

/** Options for timing handlers. */
export interface Timing {
  readonly clock: Clock
  /** In milliseconds. Absent: handlers are not timed. */
  readonly limit: number | undefined
  /** Receives the warning. */
  readonly warn: (error: Error) => void
}

/** Returns the context, or a wrapper that times handlers. */
export function timed(context: AsyncContext, timing: Timing): AsyncContext {
  const { limit } = timing
  return limit === undefined ? context : new TimedContext(context, { ...timing, limit })
}

/**
 * A context that times handlers: one that blocks the loop for longer than the limit is named in a warning. For an
 * async handler, only its synchronous part counts.
 */
class TimedContext implements AsyncContext {
  readonly #context: AsyncContext
  readonly #options: Timing & { readonly limit: number }

  constructor(context: AsyncContext, options: Timing & { readonly limit: number }) {
    this.#context = context
    this.#options = options
  }

  runInAsyncScope<This, Arguments extends unknown[], Result>(
    run: (this: This, ...args: Arguments) => Result,
    thisArg: This,
    ...args: Arguments
  ): Result {
    const { clock, limit, warn } = this.#options
    const began = clock.now()
    try {
      return this.#context.runInAsyncScope(run, thisArg, ...args)
    } finally {
      const took = clock.now() - began
      if (took > limit) warn(slowWarning(nameOf(run, thisArg), args[0], took, limit))
    }
  }
}

/** The name of a function in a handlers object. */
function nameOf(run: unknown, handlers: unknown): string {
  const known = handlers as Partial<Handlers<unknown>> | null | undefined
  return HANDLERS.find(name => known?.[name] === run) ?? 'a handler'
}

function slowWarning(handler: string, id: unknown, took: number, limit: number): Error {
  const whose = typeof id === 'number' ? `connection ${id}: ` : ''
  const message = `${whose}${handler} held the loop for ${Math.round(took)} ms; slowHandler is ${limit} ms`
  return Object.assign(new Error(message), { name: 'RevioWarning' })
}
