import type * as net from 'node:net'
import type { Action } from '../action.js'
import type { Handlers, Opening, Server, Tick } from '../events.js'
import type { Address, Info } from '../info.js'
import type { HttpRequest, HttpResponse } from './message.js'

/** What `request` returns: a response, what to do once it has been written, and a token for `sent`. */
export type HttpReply = readonly [response: HttpResponse, action?: Action | undefined, token?: unknown]

/** Another protocol for the connection, and the response that goes before it: as a rule, status 101. */
export type Upgraded = readonly [handlers: Handlers<unknown>, context?: unknown, response?: HttpResponse]

/** The handlers of an HTTP server. Only `request` is required. */
export interface HttpHandlers<Context = undefined> {
  /**
   * A request came, with its body, or with the option `bodies: 'stream'` its head. What it throws is answered with
   * status 500 and reported, and closes the connection; an `HttpError` is answered with its status.
   */
  request(id: number, req: HttpRequest, context: Context): HttpReply | Promise<HttpReply>
  /**
   * The peer asks, by `expect: 100-continue`, whether to send its body: a response refuses, and closes the connection behind
   * it; nothing has the peer go on. Not with the option `bodies: 'stream'`, where `request` decides.
   */
  expect?(id: number, req: HttpRequest, context: Context): HttpReply | void
  /**
   * The peer asks for another protocol (`connection: upgrade` with `upgrade`, or the method CONNECT). A response
   * declines; handlers take the connection over behind `response`, with input that came behind the request, and `data`
   * runs with `null` first. Without this handler `upgrade` fields are ignored and CONNECT is answered with status 501.
   */
  upgrade?(
    id: number,
    req: HttpRequest,
    context: Context,
  ): Upgraded | HttpReply | Promise<Upgraded | HttpReply>
  /** As of `Events`. Must not return output; of the options those that http sets itself cannot be chosen. */
  opened?(id: number, info: Info): Opening<Context>
  /** As of `Events`; does not run for a connection that was upgraded. */
  closed?(id: number, error: Error | undefined, context: Context): Action | void
  /** The response that came with this token has been written, or never will be. */
  sent?(id: number, token: unknown, error: Error | undefined, context: Context): Action | void
  /** As of `Events`: after `Action.Detach`. */
  detached?(id: number, socket: net.Socket, context: Context): Action | void
  /** As of `Events`; `handler` is `request` for what `request` and `upgrade` throw. */
  failed?(error: Error, where: { readonly id: number; readonly handler: string }): void
  /** As of `Events`. */
  serving?(server: Server): Action | void
  /** As of `Events`. */
  tlsFailed?(error: Error, remoteAddress: Address): void
  /** As of `Events`. */
  tick?(): Tick
  /** As of `Events`. */
  readonly signal?: AbortSignal | undefined
}
