import type { Handlers } from '../events.js'
import type { AsyncContext } from './async-context.js'
import type { Clock } from './clock.js'
import { type Counters, Current } from './counters.js'
import { HANDLERS } from './handlers.js'

/** Options for timing handlers. */
export interface Timing {
  readonly clock: Clock
  /** Other threads see there which handler is running. */
  readonly counters: Counters
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
  /** The function of the last call, and its index in `HANDLERS`: most calls are of one handler. */
  #run: unknown
  #handler = -1

  constructor(context: AsyncContext, options: Timing & { readonly limit: number }) {
    this.#context = context
    this.#options = options
  }

  runInAsyncScope<This, Arguments extends unknown[], Result>(
    run: (this: This, ...args: Arguments) => Result,
    thisArg: This,
    ...args: Arguments
  ): Result {
    const { clock, limit, warn, counters } = this.#options
    const { row } = counters
    if (run !== this.#run) {
      this.#run = run
      this.#handler = indexOf(run, thisArg)
    }
    const handler = this.#handler
    const connection = connectionOf(handler, args[0])
    // A handler can run inside another one: `serving` of a reload, for example.
    const outer = row[Current.handler] as number
    const outerConnection = row[Current.connection] as number
    row[Current.handler] = handler + 1
    row[Current.connection] = connection
    const began = clock.now()
    try {
      return this.#context.runInAsyncScope(run, thisArg, ...args)
    } finally {
      const took = clock.now() - began
      row[Current.handler] = outer
      row[Current.connection] = outerConnection
      if (took > limit) warn(slowWarning(HANDLERS[handler] ?? 'a handler', connection, took, limit))
    }
  }
}

/** The index of a function of a handlers object in `HANDLERS`, or -1. */
function indexOf(run: unknown, handlers: unknown): number {
  const known = handlers as Partial<Handlers<unknown>> | null | undefined
  return HANDLERS.findIndex(name => known?.[name] === run)
}

/** The connection that a handler runs for, or 0: the first argument of all of them, but a message can be a number. */
function connectionOf(handler: number, first: unknown): number {
  return typeof first === 'number' && HANDLERS[handler] !== 'message' ? first : 0
}

function slowWarning(handler: string, connection: number, took: number, limit: number): Error {
  const whose = connection === 0 ? '' : `connection ${connection}: `
  const message = `${whose}${handler} held the loop for ${Math.round(took)} ms; slowHandler is ${limit} ms`
  return Object.assign(new Error(message), { name: 'RevioWarning' })
}
