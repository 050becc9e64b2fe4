import { Action } from '../action.js'
import type { Handlers, Server } from '../events.js'
import type { Address } from '../info.js'
import { programOf } from '../transport/layering.js'
import type { AsyncContext } from './async-context.js'
import type { Clock } from './clock.js'
import type { Failures } from './failures.js'
import { asAction } from './reply.js'
import { Ticker } from './ticker.js'

/** What the loop-wide handlers need from their loop. */
export interface LoopHandlersOptions {
  readonly clock: Clock
  /** A new context, derived from the loop's, for `serving`, `tick` or `message`. */
  readonly scope: () => AsyncContext
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
  /** Shuts the loop down. */
  readonly shutdown: () => void
  /** A shutdown was requested. */
  readonly ending: () => boolean
  readonly failures: Failures
  /** A loop-wide handler threw: the loop ends, and `serve` rejects. */
  readonly failed: (thrown: unknown) => void
}

/** Runs the loop-wide handlers: `serving`, `tick`, `signal`. */
export class LoopHandlers {
  readonly #options: LoopHandlersOptions
  readonly #tickers = new Map<Handlers<unknown>, Ticker>()
  /** Those whose `serving` has run. */
  readonly #introduced = new WeakSet<object>()
  #server: Server | undefined
  /** Those that the loop started with. */
  #all: Set<Handlers<unknown>> = new Set()
  #ignoreSignal: () => void = () => {}

  constructor(options: LoopHandlersOptions) {
    this.#options = options
  }

  /** Inside a turn: runs `serving` of all, in order; then applies the first one's `signal`. */
  meet(first: Handlers<unknown>, others: readonly Handlers<unknown>[], server: Server): void {
    this.#server = server
    this.#all = new Set([first, ...others].map(programOf))
    this.#guard(events => this.introduce(events))
    this.#heed(first.signal)
  }

  /** Inside a turn: runs the first `tick` of all. */
  run(): void {
    this.#guard(events => {
      if (!this.#options.ending()) this.#tick(events)
    })
  }

  /** Runs `serving` of new handlers before any other of theirs; those added before the start wait for it. */
  introduce(handlers: Handlers<unknown>): void {
    const events = programOf(handlers)
    if (this.#server === undefined || this.#introduced.has(events)) return
    this.#introduced.add(events)
    if (events.serving === undefined) return
    const scope = this.#options.scope()
    const action = scope.runInAsyncScope(events.serving, events, this.#server)
    if (asAction(action, 'serving') === Action.Shutdown) this.#options.shutdown()
  }

  /** Reports a failed handshake at an address of these handlers. */
  tlsFailed(handlers: Handlers<unknown>, error: Error, remote: Address): void {
    const { tlsFailed } = handlers
    if (tlsFailed === undefined) return
    try {
      this.#options.scope().runInAsyncScope(tlsFailed, handlers, error, remote)
    } catch (thrown) {
      // Belongs to no connection: ids begin at 1.
      this.#options.failures.report(handlers, 0, 'tlsFailed', thrown)
    }
  }

  /** Inside a turn: delivers a message to all. */
  message(payload: unknown, from: number): void {
    for (const events of this.#all) {
      if (events.message === undefined || this.#options.ending()) continue
      try {
        const scope = this.#options.scope()
        const action = scope.runInAsyncScope(events.message, events, payload, from)
        if (asAction(action, 'message') === Action.Shutdown) this.#options.shutdown()
      } catch (thrown) {
        this.#options.failures.report(events, 0, 'message', thrown)
      }
    }
  }

  /** Inside a turn: replaces the handlers that the loop started with; others that it knows stay. */
  replace(before: Handlers<unknown>, next: Handlers<unknown>): void {
    const [old, events] = [programOf(before), programOf(next)]
    this.#tickers.get(old)?.stop()
    this.#tickers.delete(old)
    this.#ignoreSignal()
    this.#all.delete(old)
    this.#all = new Set([events, ...this.#all])
    this.#heed(next.signal)
    try {
      if (!this.#options.ending()) this.#tick(events)
    } catch (thrown) {
      this.#options.failed(thrown)
    }
  }

  /** Stops `tick`, and ignores the signal. */
  stop(): void {
    for (const ticker of this.#tickers.values()) ticker.stop()
    this.#ignoreSignal()
  }

  #guard(each: (events: Handlers<unknown>) => void): void {
    try {
      for (const events of this.#all) each(events)
    } catch (thrown) {
      this.#options.failed(thrown)
    }
  }

  #tick(events: Handlers<unknown>): void {
    if (events.tick === undefined) return
    const { clock, turn, shutdown, failed } = this.#options
    const scope = this.#options.scope()
    const ticker = new Ticker({ events, scope, clock, turn, shutdown, failed })
    this.#tickers.set(events, ticker)
    ticker.run()
  }

  #heed(signal: AbortSignal | undefined): void {
    if (signal === undefined) return
    const abort = () => this.#options.shutdown()
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#ignoreSignal = () => signal.removeEventListener('abort', abort)
  }
}
