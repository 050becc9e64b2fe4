import type { Action } from '../action.js'
import type { Data } from './frame-writer.js'
import type { UpgradeRequest } from './request.js'

/** What a handler sends: nothing, one message, or an array of messages. A string is sent as text, bytes as binary. */
export type Messages = Data | readonly Data[] | null | undefined

/** Starts the closing handshake. */
export interface CloseRequest {
  /** 1000 to 1014, except those that are never sent, or 3000 to 4999. Default 1000. */
  readonly code?: number | undefined
  /** At most 123 bytes. Default: none. */
  readonly reason?: string | undefined
}

/**
 * What a handler returns: messages, and an action after them. `Action.Close` starts a closing handshake with code
 * 1000, a `CloseRequest` one with another code. A token, any value but `undefined`, is passed to `sent` when the
 * messages have been written or discarded.
 */
export type MessageReply =
  | readonly [out?: Messages, action?: Action | CloseRequest | undefined, token?: unknown]
  | void

/** Action and token of a `send`: see `MessageReply`. */
export interface MessageSending {
  action?: Action | CloseRequest | undefined
  token?: unknown
}

type Replied = MessageReply | Promise<MessageReply>

/**
 * The handlers of WebSocket connections. All are optional and run one at a time. They may return a promise: until it
 * settles, no further message of this connection is delivered. An exception closes the connection with code 1011, is
 * passed to `closed`, and is reported like any handler's.
 */
export interface WebSocketHandlers<Context = undefined> {
  /** Runs once when the handshake is done, before the other handlers of this `id`; `request` is the upgrade request. */
  opened?(id: number, request: UpgradeRequest, context: Context): Replied
  /**
   * Receives a whole message: text as a string, binary as a `Buffer`, which may be kept unless `reuseInputBuffer` is
   * set.
   */
  message?(id: number, data: string | Buffer, isBinary: boolean, context: Context): Replied
  /** Runs when the peer has sent a ping; the pong has already been sent. */
  ping?(id: number, payload: Buffer, context: Context): Replied
  /** Runs when the peer has sent a pong, solicited or not. */
  pong?(id: number, payload: Buffer, context: Context): Replied
  /**
   * Runs once, as the last event of this `id`. `code` and `reason` are those of the peer's close frame: 1005 if it had
   * no code, 1006 if there was no close frame. If the peer violated the protocol or a handler threw, they are those
   * that were sent to it. Only the action `Shutdown` has an effect here.
   */
  closed?(
    id: number,
    code: number,
    reason: string,
    error: NodeJS.ErrnoException | undefined,
    context: Context,
  ): Action | void
  /** Runs when the messages with this token have been written; with an error, when they were discarded. */
  sent?(id: number, token: unknown, error: NodeJS.ErrnoException | undefined, context: Context): Action | void
  /** Runs when a handler throws or its promise rejects. Without this handler revio emits a process warning. */
  failed?(error: Error, where: { readonly id: number; readonly handler: string }): void
}

/** The names of all handlers. */
export const HANDLERS = ['opened', 'message', 'ping', 'pong', 'closed', 'sent', 'failed'] as const
