import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import type { Events, Info, Options, Reply } from '../events.js'
import type { TurnTime } from './clock.js'
import type { Ending } from './closer.js'
import { type Connection, Phase } from './connection.js'
import { limitsOf } from './limits.js'
import type { Writer } from './output.js'
import { asAction, checkOut, checkReply, isPromise } from './reply.js'
import type { Timeouts } from './timeouts.js'

/** What delivery needs from the loop it delivers for. */
export interface DeliveryOptions<Context> {
  readonly events: Events<Context>
  readonly ending: Ending<Context>
  readonly timeouts: Timeouts
  readonly time: TurnTime
  readonly writer: Writer<Context>
}

/** Calls the handlers that reply, and does what they return. */
export class Delivery<Context> {
  readonly #events: Events<Context>
  readonly #ending: Ending<Context>
  readonly #timeouts: Timeouts
  readonly #time: TurnTime
  readonly #writer: Writer<Context>

  constructor({ events, ending, timeouts, time, writer }: DeliveryOptions<Context>) {
    this.#events = events
    this.#ending = ending
    this.#timeouts = timeouts
    this.#time = time
    this.#writer = writer
  }

  /** `opened`, and what it returns. `info` is only asked for where there is a handler to take it. */
  opened(connection: Connection<Context>, info: () => Info): void {
    if (this.#events.opened === undefined) return
    try {
      const opening = this.#events.opened(connection.id, info())
      if (opening === undefined) return
      checkReply(opening, 'opened')
      const [out, options, action] = opening
      checkOut(out, 'opened')
      if (options !== undefined && options !== null) this.#configure(connection, options)
      this.#writer.reply(connection, out, undefined)
      connection.regulate()
      this.#ending.act(connection, asAction(action, 'opened'))
    } catch (thrown) {
      this.#ending.threw(connection, thrown, { atOnce: false })
    }
    this.#writer.flushUrgent()
  }

  /**
   * `data`, and what it returns.
   *
   * @param lent - The input, where its memory is the loop's again after the handler.
   */
  data(connection: Connection<Context>, input: Buffer | null, lent: Buffer | undefined): void {
    if (this.#events.data === undefined) return
    try {
      const reply = this.#events.data(connection.id, input, connection.context)
      if (reply === undefined) return
      if (isPromise(reply)) this.awaitReply(connection, reply, 'data')
      else this.#replied(connection, reply, 'data', lent)
    } catch (thrown) {
      this.#ending.threw(connection, thrown, { atOnce: false })
    }
    this.#writer.flushUrgent()
  }

  /**
   * The peer has ended: once all it sent has been delivered and answered, the connection closes, unless it is to stay
   * half-open.
   */
  end(connection: Connection<Context>): void {
    if (!connection.peerEnded || connection.phase !== Phase.Open) return
    if (connection.busy || connection.woken || connection.held !== undefined) return
    const stays = connection.limits.halfOpen && this.#events.ended !== undefined && !connection.broken
    if (!stays) return this.#ending.act(connection, Action.Close)
    if (connection.endTold) this.#ending.advance(connection)
    else this.#ended(connection)
  }

  #ended(connection: Connection<Context>): void {
    connection.endTold = true
    try {
      const reply = this.#events.ended?.(connection.id, connection.context)
      if (isPromise(reply)) this.awaitReply(connection, reply, 'ended')
      else this.#replied(connection, reply, 'ended', undefined)
    } catch (thrown) {
      this.#ending.threw(connection, thrown, { atOnce: false })
    }
    this.#writer.flushUrgent()
    this.#ending.advance(connection)
  }

  #configure(connection: Connection<Context>, options: Options<Context>): void {
    connection.limits = limitsOf(options, connection.limits)
    connection.context = options.context as Context
    if (options.paused === true) connection.paused = true
    connection.link.tune(options)
    this.#timeouts.watch(connection)
  }

  #replied(
    connection: Connection<Context>,
    reply: Reply,
    handler: 'data' | 'ended',
    lent: Buffer | undefined,
  ): void {
    if (reply === undefined) return
    checkReply(reply, handler)
    const [out, action, token] = reply
    checkOut(out, handler)
    this.#writer.reply(connection, out, lent)
    if (token !== undefined && connection.phase < Phase.Lingering) this.#writer.certify(connection, token)
    this.#ending.act(connection, asAction(action, handler))
  }

  /** Until a promised reply is there the connection is not read; then the reply counts as if returned then. */
  awaitReply(connection: Connection<Context>, promise: PromiseLike<Reply>, handler: 'data' | 'ended'): void {
    connection.busy = true
    connection.regulate()
    promise.then(
      reply =>
        this.#kept(connection, () => {
          if (connection.phase === Phase.Open) this.#replied(connection, reply, handler, undefined)
        }),
      (reason: unknown) =>
        this.#kept(connection, () => {
          throw reason
        }),
    )
  }

  #kept(connection: Connection<Context>, act: () => void): void {
    connection.busy = false
    this.#time.pass()
    try {
      act()
    } catch (thrown) {
      this.#ending.threw(connection, thrown, { atOnce: false })
    }
    this.#writer.flushUrgent()
    if (connection.phase < Phase.Lingering) connection.revisit()
  }
}

/** What ended a connection whose time was up. */
export function timeoutError(connection: Connection<unknown>, now: number): RevioError {
  const { idleTimeout, writeTimeout } = connection.limits
  const idle = idleTimeout > 0 && now >= connection.touched + idleTimeout
  const what = idle
    ? `no byte either way in ${idleTimeout} ms`
    : `no progress of unsent output in ${writeTimeout} ms`
  return new RevioError('ETIMEDOUT', `connection ${connection.id}: ${what}`)
}
