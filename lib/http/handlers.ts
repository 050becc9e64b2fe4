import type * as net from 'node:net'
import type { Action } from '../action.js'
import type { Handlers, Opening, Server, Tick } from '../events.js'
import type { Address, Info } from '../info.js'
import type { HttpRequest, HttpResponse } from './message.js'

/** What `request` returns: a response, the action after it has been written, and a token for `sent`. */
export type HttpReply = readonly [response: HttpResponse, action?: Action | undefined, token?: unknown]

/** Another protocol for the connection, and the response before it, usually with status 101. */
export type Upgraded = readonly [handlers: Handlers<unknown>, context?: unknown, response?: HttpResponse]

/** The handlers of an HTTP server. Only `request` is required. */
export interface HttpHandlers<Context = undefined> {
  /**
   * Runs for each request, once its body has arrived; with the option `bodies: 'stream'`, once its head has. An
   * exception is reported and answered with status 500, and closes the connection; an `HttpError` is answered with its
   * status.
   */
  request(id: number, req: HttpRequest, context: Context): HttpReply | Promise<HttpReply>
  /**
   * Runs when the peer asks by `expect: 100-continue` whether to send its body. A response refuses the body and closes
   * the connection; returning nothing lets the peer continue. Does not run with the option `bodies: 'stream'`, where
   * `request` decides.
   */
  expect?(id: number, req: HttpRequest, context: Context): HttpReply | void
  /**
   * Runs when the peer requests another protocol (`connection: upgrade` with `upgrade`, or the method CONNECT).
   * Returning a response declines. Returned handlers take the connection over after `response`, with the input that
   * followed the request; their `data` first runs with `null`. Without this handler, `upgrade` fields are ignored, and
   * CONNECT is answered with status 501.
   */
  upgrade?(
    id: number,
    req: HttpRequest,
    context: Context,
  ): Upgraded | HttpReply | Promise<Upgraded | HttpReply>
  /** As in `Events`. Must not return output, nor the options that `http` sets itself. */
  opened?(id: number, info: Info): Opening<Context>
  /** As in `Events`; does not run for an upgraded connection. */
  closed?(id: number, error: NodeJS.ErrnoException | undefined, context: Context): Action | void
  /** Runs when the response with this token has been written or discarded. */
  sent?(id: number, token: unknown, error: NodeJS.ErrnoException | undefined, context: Context): Action | void
  /** As in `Events`: after `Action.Detach`. */
  detached?(id: number, socket: net.Socket, context: Context): Action | void
  /** As in `Events`; `handler` is `request` for what `request` and `upgrade` throw. */
  failed?(error: Error, where: { readonly id: number; readonly handler: string }): void
  /** As in `Events`. */
  serving?(server: Server): Action | void
  /** As in `Events`. */
  tlsFailed?(error: NodeJS.ErrnoException, remoteAddress: Address): void
  /** As in `Events`. */
  tick?(): Tick
  /** As in `Events`: a message from another loop or thread. */
  message?(payload: unknown, from: number): Action | void
  /** As in `Events`. */
  readonly slowHandler?: number | undefined
  /** As in `Events`. */
  readonly signal?: AbortSignal | undefined
}
