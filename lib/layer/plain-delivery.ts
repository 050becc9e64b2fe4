import type { Buffer } from 'node:buffer'
import { Action } from '../action.js'
import { asError } from '../errors.js'
import type { Handlers as Events, Info, Options, Out, Reply } from '../events.js'
import { defaultLimits, type Limits, limitsOf } from '../loop/limits.js'
import { asAction, checkOut, checkReply, isPromise } from '../loop/reply.js'
import type { Changes } from './changes.js'
import type { PlainOutput } from './plain-output.js'

/** What calling the handlers of one translated connection needs. */
export interface PlainDeliveryOptions<Context> {
  readonly id: number
  readonly events: Events<Context>
  readonly output: PlainOutput
  readonly changes: Changes
  /** Calls a handler; what that throws is noted and thrown on. */
  readonly watch: <T>(call: () => T) => T
  /** Closes the connection with an error, from outside of the handlers that reply. */
  readonly fail: (error: Error) => void
  /** A handler asked for the end of the loop. */
  readonly shutdown: () => void
}

/** Calls the program's handlers of one translated connection, and does what they return. */
export class PlainDelivery<Context> {
  limits: Limits = defaultLimits
  /** A reply has been promised. */
  promised = false
  readonly #options: PlainDeliveryOptions<Context>
  #context = undefined as Context
  /** A handler of this connection is running, and what it has asked for meanwhile. */
  #handling = false
  #asked: Action | undefined

  constructor(options: PlainDeliveryOptions<Context>) {
    this.#options = options
  }

  /** Close or Detach was asked for, if only by the handler that runs. */
  get closing(): boolean {
    return this.#options.output.closing || this.#asked !== undefined
  }

  /** `opened`, and what it returns; the options are answered, as they concern more than the handlers. */
  opened(info: Info): Options<Context> {
    const { id, events } = this.#options
    const opening = this.#handle(() => events.opened?.(id, info))
    if (opening === undefined) {
      this.#actAsked()
      return {} as Options<Context>
    }
    checkReply(opening, 'opened')
    const [out, given, wanted] = opening
    checkOut(out, 'opened')
    const action = asAction(wanted, 'opened')
    const options = (given ?? {}) as Options<Context>
    this.limits = limitsOf(options, defaultLimits)
    this.#context = options.context as Context
    this.#options.output.maxPending = this.limits.maxPending
    this.#reply(out, action, undefined)
    return options
  }

  /** `data`, and what it returns; a promise where that has to be waited for. */
  data(input: Buffer | null): void | Promise<void> {
    const { id, events } = this.#options
    return this.#deliver('data', () => events.data?.(id, input, this.#context))
  }

  /** `ended`, and what it returns, where the connection stays half-open; else it closes. */
  ended(): void | Promise<void> {
    const { id, events } = this.#options
    if (!this.limits.halfOpen || events.ended === undefined) return this.act(Action.Close)
    return this.#deliver('ended', () => events.ended?.(id, this.#context))
  }

  /** `sent`, and what it returns. */
  sent(token: unknown, error: Error | undefined): void {
    const { id, events, output, fail } = this.#options
    try {
      const action = this.#handle(() => events.sent?.(id, token, error, this.#context))
      this.#actAsked()
      this.act(asAction(action, 'sent'))
    } catch (thrown) {
      if (output.stopped) throw thrown
      this.#threw(thrown).catch(() => fail(asError(thrown)))
    }
  }

  /** Does what a handler asked for, once its output has been translated. What it has asked for first stands. */
  act(action: Action): void {
    if (action === Action.Shutdown) return this.#options.shutdown()
    const { output, changes, events } = this.#options
    if (action === Action.None || (output.stopped && action !== Action.Reset)) return
    // What the handler that runs is going to return comes before the end that it asks for in another way.
    if (this.#handling && action !== Action.End && action !== Action.Reset) {
      this.#asked ??= action
      return
    }
    const detachable = action !== Action.Detach || events.detached !== undefined
    output.finish(detachable ? action : Action.Close)
    changes.happened()
  }

  #deliver(handler: 'data' | 'ended', call: () => Reply | Promise<Reply>): void | Promise<void> {
    try {
      const reply = this.#handle(call)
      if (isPromise(reply)) return this.#await(reply, handler)
      this.#replied(reply, handler)
    } catch (thrown) {
      return this.#threw(thrown)
    }
  }

  async #await(promise: PromiseLike<Reply>, handler: 'data' | 'ended'): Promise<void> {
    this.#actAsked()
    this.promised = true
    try {
      this.#replied(await promise, handler)
    } catch (thrown) {
      await this.#threw(thrown)
    } finally {
      this.promised = false
    }
  }

  #replied(reply: Reply, handler: 'data' | 'ended'): void {
    if (reply === undefined || this.#options.output.stopped) return this.#actAsked()
    checkReply(reply, handler)
    const [out, wanted, token] = reply
    checkOut(out, handler)
    this.#reply(out, asAction(wanted, handler), token)
  }

  #reply(out: Out, action: Action, token: unknown): void {
    const { output } = this.#options
    if (!output.takesMore || !output.put(out, token)) output.lose(token)
    this.#actAsked()
    this.act(action)
  }

  #handle<T>(call: () => T): T {
    this.#handling = true
    try {
      return this.#options.watch(call)
    } finally {
      this.#handling = false
    }
  }

  /** Does what the handler asked for by another way than its reply. */
  #actAsked(): void {
    const action = this.#asked
    this.#asked = undefined
    if (action !== undefined) this.act(action)
  }

  /** A handler threw: all output goes before the connection closes with that. */
  async #threw(thrown: unknown): Promise<never> {
    const { output, changes } = this.#options
    this.#asked = undefined
    output.finishSilently()
    await changes.until(() => output.settled)
    throw thrown
  }
}
