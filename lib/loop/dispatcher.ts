import type { Buffer } from 'node:buffer'
import { RevioError } from '../errors.js'
import type { Handlers, Opening, Reply } from '../events.js'
import { isPromiseLike } from '../promise-like.js'
import { whileOpening } from '../transport/layering.js'
import type { Closer } from './closer.js'
import type { Configurator } from './configurator.js'
import type { Connection } from './connection.js'
import { Count, type Counters } from './counters.js'
import type { Intake } from './intake.js'
import type { Output } from './output.js'
import { asAction, asOut, checkNoAction, checkOpening, checkReply } from './reply.js'
import { Life } from './state.js'

/** The handlers that reply. */
type Replying = 'data' | 'ended' | 'expired' | 'secured'

type Run = NonNullable<Handlers<unknown>['ended']>

/** What the dispatcher needs from its loop. */
export interface DispatcherOptions {
  readonly closer: Closer
  readonly output: Output
  readonly configurator: Configurator
  readonly counters: Counters
  /** Handlers have run, and time has passed. */
  readonly passed: () => void
  /** Surrounds work done when a promise settles, outside of any turn. */
  readonly between: (run: () => void) => void
  /** A reply was promised. */
  readonly promised: ((reply: PromiseLike<Reply>) => void) | undefined
}

/** Calls the handlers that reply, and carries out their replies. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #closer: Closer
  readonly #output: Output
  readonly #intake: Intake
  readonly #counters: Counters

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#closer = options.closer
    this.#output = options.output
    this.#intake = options.output.intake
    this.#counters = options.counters
  }

  /** Runs `opened`, and carries out its reply. */
  opened(connection: Connection): void {
    const { handlers } = connection
    this.#counters.add(Count.events, 1)
    if (handlers.opened === undefined) return
    try {
      const { scope, id, info } = connection
      const { opened } = handlers
      const opening = whileOpening(connection, () => scope.runInAsyncScope(opened, handlers, id, info))
      if (opening !== undefined) this.#opening(connection, opening)
    } catch (thrown) {
      this.#closer.threw(connection, 'opened', thrown, { atOnce: false })
    }
    this.#options.passed()
    this.#output.flushUrgent()
  }

  /**
   * Runs `data`, and carries out its reply.
   *
   * @param lent - The input, if the loop reuses its memory after the handler.
   */
  data(connection: Connection, input: Buffer | null, lent: Buffer | undefined): void {
    const { handlers, scope, id, context } = connection
    this.#counters.add(Count.events, 1)
    if (handlers.data === undefined) return
    try {
      const reply = scope.runInAsyncScope(handlers.data, handlers, id, input, context)
      if (reply !== undefined) this.#take(connection, reply, 'data', lent)
    } catch (thrown) {
      this.#closer.threw(connection, 'data', thrown, { atOnce: false })
    }
    this.#options.passed()
    this.#output.flushUrgent()
  }

  /** Runs `ended`, and carries out its reply. */
  ended(connection: Connection): void {
    // What a handler has lent is written before the next one runs; then the connection is looked at again, with its end.
    if (this.#output.urgent) return this.#output.flushUrgent()
    connection.endDelivered()
    this.#counters.add(Count.events, 1)
    this.#call(connection, 'ended', connection.context)
    this.#closer.advance(connection)
  }

  /** Runs `expired`, and carries out its reply. Without that handler the connection closes. */
  expired(connection: Connection): void {
    this.#counters.add(Count.events, 1)
    if (connection.handlers.expired === undefined) {
      const error = new RevioError('ETIMEDOUT', `connection ${connection.id}: its deadline has passed`)
      return this.#closer.destroy(connection, connection.error ?? error)
    }
    this.#call(connection, 'expired', connection.context)
  }

  /** Runs `secured`, and carries out its reply. */
  secured(connection: Connection): void {
    if (connection.life !== Life.Open) return
    this.#call(connection, 'secured', connection.info.tls, connection.context)
  }

  /** Until a promised reply settles, the connection is not read; then the reply takes effect. */
  awaitReply(connection: Connection, promise: PromiseLike<Reply>, handler: Replying): void {
    connection.promises += 1
    connection.regulate()
    // A program's thenable may settle twice, or with another promise; a native promise may not.
    const reply = Promise.resolve(promise)
    this.#options.promised?.(reply)
    reply.then(
      reply =>
        this.#settled(connection, handler, () => {
          // A closing connection accepts no replies, except from a handler that closes by `send`.
          if (connection.life === Life.Open) this.#replied(connection, reply, handler, undefined)
        }),
      (reason: unknown) =>
        this.#settled(connection, handler, () => {
          throw reason
        }),
    )
  }

  #call(connection: Connection, handler: Exclude<Replying, 'data'>, ...args: unknown[]): void {
    const { handlers, scope, id } = connection
    const run = handlers[handler] as ((id: number, ...args: unknown[]) => ReturnType<Run>) | undefined
    if (run === undefined) return
    try {
      const reply = scope.runInAsyncScope(run, handlers, id, ...args)
      if (reply !== undefined) this.#take(connection, reply, handler, undefined)
    } catch (thrown) {
      this.#closer.threw(connection, handler, thrown, { atOnce: false })
    }
    this.#options.passed()
    this.#output.flushUrgent()
  }

  #opening(connection: Connection, opening: Exclude<Opening<unknown>, void>): void {
    checkOpening(opening)
    const [given, options, action] = opening
    const out = asOut(given, 'opened')
    checkNoAction(options)
    const wanted = asAction(action, 'opened')
    if (options !== undefined && options !== null) this.#options.configurator.apply(connection, options)
    this.#intake.reply(connection, out, undefined)
    connection.regulate()
    this.#closer.act(connection, wanted)
  }

  #take(
    connection: Connection,
    reply: Exclude<Reply, void> | PromiseLike<Reply>,
    handler: Replying,
    lent: Buffer | undefined,
  ): void {
    if (isPromiseLike(reply)) this.awaitReply(connection, reply, handler)
    else this.#replied(connection, reply, handler, lent)
  }

  #replied(connection: Connection, reply: Reply, handler: Replying, lent: Buffer | undefined): void {
    if (reply === undefined) return
    checkReply(reply, handler)
    const [given, action, token] = reply
    const out = asOut(given, handler)
    const wanted = asAction(action, handler)
    this.#intake.reply(connection, out, lent)
    if (token !== undefined && connection.alive) this.#output.track(connection, token)
    this.#closer.act(connection, wanted)
  }

  #settled(connection: Connection, handler: Replying, act: () => void): void {
    this.#options.between(() => {
      connection.promises -= 1
      this.#options.passed()
      try {
        act()
      } catch (thrown) {
        this.#closer.threw(connection, handler, thrown, { atOnce: false })
      }
      this.#output.flushUrgent()
      // Lingering ones too: a layer's last bytes wait for a turn.
      if (connection.life !== Life.Gone) connection.revisit()
    })
  }
}
