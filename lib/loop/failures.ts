import { asError } from '../errors.js'
import type { Handlers } from '../events.js'
import type { AsyncContext } from './async-context.js'

/** Where handlers' exceptions go. */
export interface FailuresOptions {
  /** The loop's own handlers, whose `failed` serves connections without one. */
  readonly events: () => Handlers<unknown>
  /** The async context of `failed`. */
  readonly scope: AsyncContext
  /** Receives exceptions that no `failed` handles. */
  readonly report: (error: Error, where: Failure) => void
}

/** The handler and connection of an exception. */
export interface Failure {
  /** 0 for a handler of the whole loop. */
  readonly id: number
  readonly handler: string
}

/** Reports handlers' exceptions, so that the program's faults aren't mistaken for a peer's. */
export class Failures {
  readonly #options: FailuresOptions

  constructor(options: FailuresOptions) {
    this.#options = options
  }

  /** Runs `failed`, or warns the program's user. Returns the thrown value as an Error. */
  report(handlers: Handlers<unknown>, id: number, handler: string, thrown: unknown): Error {
    const { events, scope, report } = this.#options
    const error = asError(thrown, handler)
    const taker = handlers.failed === undefined ? events() : handlers
    if (taker.failed === undefined) report(error, { id, handler })
    else {
      try {
        scope.runInAsyncScope(taker.failed, taker, error, { id, handler })
      } catch (again) {
        report(error, { id, handler })
        report(asError(again, 'failed'), { id, handler: 'failed' })
      }
    }
    return error
  }
}

/** The warning for a handler's exception: a one-line summary, then the stack. */
export function failureWarning(error: Error, { id, handler }: Failure): Error {
  const known = error.message.startsWith(`${handler} threw `)
  const whose = id === 0 ? '' : `connection ${id}: `
  const message = `${whose}${known ? '' : `${handler} threw ${error.name}: `}${error.message}`
  const detail = error.stack ?? ''
  return Object.assign(new Error(message, { cause: error }), { name: 'RevioWarning', detail })
}
