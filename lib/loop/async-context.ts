import { AsyncResource } from 'node:async_hooks'

/*
 * A handler runs in the async context (AsyncLocalStorage) in which its connection was opened: that of `dial` or
 * `attach`, or the one in which the loop started, no matter which socket, timer or promise led to it, or whether
 * other handlers of the same turn called `enterWith`.
 *
 * A loop captures a context when it starts, and runs `serving`, `tick` and the like in contexts derived from it. Each
 * connection also has a context: captured when `dial` or `attach` is called, derived from the loop's when a peer is
 * accepted. Every handler call goes through it:
 *
 *     connection.scope.runInAsyncScope(events.data, events, id, input, context)
 *
 * A call costs about 10 ns; creating a context, less than 100.
 */

export interface AsyncContext {
  /** Runs a function in this context. */
  runInAsyncScope<This, Arguments extends unknown[], Result>(
    run: (this: This, ...args: Arguments) => Result,
    thisArg: This,
    ...args: Arguments
  ): Result
}

/** The caller's context. */
export function captureContext(): AsyncContext {
  return new AsyncResource('revio')
}

/**
 * Derives a context with the same stores. On Node before 24 a context remembers an `enterWith` called in it, so a
 * context that others derive from must not run handlers itself.
 */
export function deriveContext(from: AsyncContext): AsyncContext {
  return from.runInAsyncScope(captureContext, undefined)
}
