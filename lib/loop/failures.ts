import { asError } from '../errors.js'
import type { Handlers } from '../events.js'
import type { AsyncContext } from './async-context.js'

/** Where a program's exceptions go. */
export interface FailuresOptions {
  /** The loop's own handlers, whose `failed` serves connections that have none. */
  readonly events: () => Handlers<unknown>
  /** In which `failed` runs. */
  readonly scope: AsyncContext
  /** Takes what no `failed` takes. */
  readonly report: (error: Error, where: Failure) => void
}

/** Which handler of which connection threw. */
export interface Failure {
  /** 0 for a handler of the whole loop. */
  readonly id: number
  readonly handler: string
}

/** Reports what handlers throw: a program's own fault must not pass for a peer's. */
export class Failures {
  readonly #options: FailuresOptions

  constructor(options: FailuresOptions) {
    this.#options = options
  }

  /** Tells `failed`, or the program's user. Answers what was thrown as an Error. */
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

/** The warning of a handler's exception: what happened in one line, then the stack of what was thrown. */
export function failureWarning(error: Error, { id, handler }: Failure): Error {
  const known = error.message.startsWith(`${handler} threw `)
  const whose = id === 0 ? '' : `connection ${id}: `
  const message = `${whose}${known ? '' : `${handler} threw ${error.name}: `}${error.message}`
  const detail = error.stack ?? ''
  return Object.assign(new Error(message, { cause: error }), { name: 'RevioWarning', detail })
}
