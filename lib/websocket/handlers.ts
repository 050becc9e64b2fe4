import type { Action } from '../action.js'
import type { Data } from './frame-writer.js'
import type { UpgradeRequest } from './request.js'

/** What a handler sends: nothing, one message, or a list of messages. A string goes out as text, bytes as binary. */
export type Messages = Data | readonly Data[] | null | undefined

/** Asks for the closing handshake. */
export interface CloseRequest {
  /** 1000 to 1014 but for those that are never sent, or 3000 to 4999. Default 1000. */
  readonly code?: number | undefined
  /** At most 123 bytes. Default: none. */
  readonly reason?: string | undefined
}

/**
 * What a handler returns: messages, and what to do then. `Action.Close` is a closing handshake with code 1000, a
 * `CloseRequest` one with another. A token, anything but `undefined`, is given to `sent` once the messages have gone.
 */
export type MessageReply =
  | readonly [out?: Messages, action?: Action | CloseRequest | undefined, token?: unknown]
  | void

/** What is to follow a `send`: see `MessageReply`. */
export interface MessageSending {
  action?: Action | CloseRequest | undefined
  token?: unknown
}

type Replied = MessageReply | Promise<MessageReply>

/**
 * The handlers of WebSocket connections. All are optional, run one at a time, and may return a promise: until it settles
 * no further message of this connection is delivered. An exception closes the connection with code 1011, is `closed`'s
 * error, and is reported as those of all handlers are.
 */
export interface WebSocketHandlers<Context = undefined> {
  /** The handshake is done. Runs once, before all others of this `id`; `request` is what asked for it. */
  opened?(id: number, request: UpgradeRequest, context: Context): Replied
  /**
   * A whole message: text as a string, binary as a `Buffer`, which is its own unless `reuseInputBuffer` was chosen.
   */
  message?(id: number, data: string | Buffer, isBinary: boolean, context: Context): Replied
  /** The peer has sent a ping; the pong has been sent. */
  ping?(id: number, payload: Buffer, context: Context): Replied
  /** The peer has sent a pong, asked for or not. */
  pong?(id: number, payload: Buffer, context: Context): Replied
  /**
   * The connection is gone; no event of this `id` follows. `code` and `reason` are those of the peer's close frame: 1005
   * where it had no code, 1006 where there was no frame. Where the peer broke the protocol, or a handler threw, they are
   * those that were sent to it. Of the actions only `Shutdown` has a meaning here.
   */
  closed?(id: number, code: number, reason: string, error: Error | undefined, context: Context): Action | void
  /** The messages that came with this token have been given to the system, or, with an error, never will be. */
  sent?(id: number, token: unknown, error: Error | undefined, context: Context): Action | void
  /** A handler threw, or its promise rejected. Without it the process gets a warning. */
  failed?(error: Error, where: { readonly id: number; readonly handler: string }): void
}

/** The names of all handlers. */
export const HANDLERS = ['opened', 'message', 'ping', 'pong', 'closed', 'sent', 'failed'] as const
