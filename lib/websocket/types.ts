import type { Action } from '../action.js'
import type { Handlers } from '../events.js'
import type { Data } from './frame-writer.js'
import type { CloseRequest, MessageSending } from './handlers.js'
import type { UpgradeResponse } from './handshake.js'
import type { Slow } from './options.js'
import type { UpgradeRequest } from './request.js'

/** What `upgrade` of `http` returns: the handlers that take over the connection, or a response that refuses. */
export type Upgrade =
  | readonly [handlers: Handlers<never>, session: unknown, response: UpgradeResponse]
  | readonly [refusal: UpgradeResponse]

/** Options of `publish` and `broadcast`. */
export interface Publishing {
  /** Excludes one connection, usually the message's sender. */
  except?: number
  /** Overrides the option `slow`. */
  slow?: Slow
}

/** A connection's context: a required third argument if the handlers need one. */
export type Given<Context> = undefined extends Context ? [context?: Context] : [context: Context]

/**
 * The WebSocket connections of one loop. Pass it to `http` as `upgrade`; call its methods from anywhere. An `id` is
 * the loop's id of the connection. Methods return `false`, and do nothing, for an id that is not open.
 */
export interface WebSockets<Context = undefined> {
  (id: number, request: UpgradeRequest, ...given: Given<Context>): Upgrade | Promise<Upgrade>
  /** The number of open connections. */
  readonly size: number
  /** The ids of the open connections. */
  ids(): IterableIterator<number>
  /** The topics that a connection is subscribed to. */
  topics(id: number): readonly string[]
  /** The number of subscribers of a topic. */
  subscribers(topic: string): number
  /**
   * Sends a message: a string as text, bytes as binary. Writes or copies the bytes before it returns.
   *
   * @throws `ERR_REPLY` for other data; `ERR_OPTION` for a close code that can't be sent.
   */
  send(id: number, data: Data, then?: Action | CloseRequest | MessageSending): boolean
  /**
   * Starts the closing handshake.
   *
   * @param code - Default 1000.
   * @param reason - At most 123 bytes. Default: none.
   * @throws `ERR_OPTION` for a code or reason that can't be sent.
   */
  close(id: number, code?: number, reason?: string): boolean
  /** Sends a ping, with at most 125 bytes. */
  ping(id: number, payload?: Data): boolean
  /** Unsent bytes, including messages that wait for zlib. */
  pending(id: number): number
  /** Stops reading from a connection; `resume` continues. */
  pause(id: number): boolean
  resume(id: number): boolean
  /** Subscribes a connection to a topic. Also returns false if it is already subscribed. */
  subscribe(id: number, topic: string): boolean
  /** Unsubscribes a connection from a topic. Also returns false if it was not subscribed. */
  unsubscribe(id: number, topic: string): boolean
  /** Sends a message to all subscribers of a topic, and encodes it only once. Returns the number of receivers. */
  publish(topic: string, data: Data, how?: Publishing): number
  /** Sends a message to these connections, and encodes it only once. Returns the number of receivers. */
  broadcast(ids: Iterable<number>, data: Data, how?: Publishing): number
}
