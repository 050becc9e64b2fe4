import type { Action } from '../action.js'
import type { Handlers } from '../events.js'
import type { Data } from './frame-writer.js'
import type { CloseRequest, MessageSending } from './handlers.js'
import type { UpgradeResponse } from './handshake.js'
import type { Slow } from './options.js'
import type { UpgradeRequest } from './request.js'

/** What `upgrade` of `http` answers: who takes the connection over, or a response that refuses. */
export type Upgrade =
  | readonly [handlers: Handlers<never>, session: unknown, response: UpgradeResponse]
  | readonly [refusal: UpgradeResponse]

/** How `publish` and `broadcast` send. */
export interface Publishing {
  /** Leaves one connection out: as a rule, the one that the message came from. */
  except?: number
  /** Instead of the option `slow`. */
  slow?: Slow
}

/** The context that goes with a connection: the third argument where the handlers need one. */
export type Given<Context> = undefined extends Context ? [context?: Context] : [context: Context]

/**
 * WebSocket connections of one loop. As a function it is what `http` takes as `upgrade`; its methods reach the
 * connections from anywhere. Each `id` is that of the loop. They answer `false`, having done nothing, for an id that is
 * not open.
 */
export interface WebSockets<Context = undefined> {
  (id: number, request: UpgradeRequest, ...given: Given<Context>): Upgrade | Promise<Upgrade>
  /** Connections that are open. */
  readonly size: number
  /** Their ids. */
  ids(): IterableIterator<number>
  /** The topics that a connection is subscribed to. */
  topics(id: number): readonly string[]
  /** How many are subscribed to a topic. */
  subscribers(topic: string): number
  /**
   * Sends a message: a string as text, bytes as binary. Its bytes are taken before it returns.
   *
   * @throws `ERR_REPLY` when it is neither; `ERR_OPTION` for a close code that can't be sent.
   */
  send(id: number, data: Data, then?: Action | CloseRequest | MessageSending): boolean
  /**
   * Begins the closing handshake.
   *
   * @param code - Default 1000.
   * @param reason - At most 123 bytes. Default: none.
   * @throws `ERR_OPTION` for a code or reason that can't be sent.
   */
  close(id: number, code?: number, reason?: string): boolean
  /** Sends a ping, with at most 125 bytes. */
  ping(id: number, payload?: Data): boolean
  /** Bytes that have not left, with those that wait for zlib. */
  pending(id: number): number
  /** Stops reading, and goes on with it. */
  pause(id: number): boolean
  resume(id: number): boolean
  /** Subscribes a connection to a topic. Also false where it is subscribed already. */
  subscribe(id: number, topic: string): boolean
  /** Also false where it was not subscribed. */
  unsubscribe(id: number, topic: string): boolean
  /** Sends a message to all subscribers of a topic, encoded once. Answers to how many. */
  publish(topic: string, data: Data, how?: Publishing): number
  /** Sends a message to these connections, encoded once. Answers to how many. */
  broadcast(ids: Iterable<number>, data: Data, how?: Publishing): number
}
