import { AsyncResource } from 'node:async_hooks'

/*
 * A handler runs in the async context (AsyncLocalStorage) in which its connection was opened: that of `dial` or
 * `attach`, or the one in which the loop was started. Whatever socket, timer or promise leads to it, and whatever
 * `enterWith` other handlers of the same turn have called, makes no difference.
 *
 * A loop captures a context when it is started, and runs `serving`, `tick` and the like in contexts that it derives from
 * that one. A connection has a context of its own as well: captured when `dial` or `attach` is called, derived from the
 * loop's when a peer is accepted. Every call of one of its handlers goes through it:
 *
 *     connection.scope.runInAsyncScope(events.data, events, id, input, context)
 *
 * That costs some 10 ns; to make a context, less than 100.
 */

export interface AsyncContext {
  /** Runs a function in this context. */
  runInAsyncScope<This, Arguments extends unknown[], Result>(
    run: (this: This, ...args: Arguments) => Result,
    thisArg: This,
    ...args: Arguments
  ): Result
}

/** The context of whoever calls this. */
export function captureContext(): AsyncContext {
  return new AsyncResource('revio')
}

/**
 * Another context with the same stores. On Node before 24 `enterWith` is remembered by the context that it is called in:
 * one that is derived from does not run handlers itself.
 */
export function deriveContext(from: AsyncContext): AsyncContext {
  return from.runInAsyncScope(captureContext, undefined)
}
