import type * as net from 'node:net'
import type { MessagePort, Transferable } from 'node:worker_threads'
import type { Action } from './action.js'
import type { FileRegion } from './file-region.js'
import type { Address, Info } from './info.js'
import type { Options } from './options.js'
import type { Stats } from './stats.js'
import type { TlsClientOptions, TlsInfo, TlsServerOptions, TlsUpgradeOptions } from './tls.js'

/** One piece of output. A string is sent as UTF-8; a file's bytes are read as fast as the peer reads them. */
export type Chunk = Uint8Array | string | FileRegion

/** Output: nothing, one piece, or an array of pieces, sent in order. */
export type Out = Chunk | readonly Chunk[] | null | undefined

/**
 * What `data`, `ended`, `expired` and `secured` return: output and an action. Nothing means no output and
 * `Action.None`. A token, any value but `undefined`, is passed to `sent` when the output has been written or discarded.
 */
export type Reply = readonly [out?: Out, action?: Action | undefined, token?: unknown] | void

/** Action and token of a `send`: see `Reply`. */
export interface Sending {
  action?: Action | undefined
  token?: unknown
  /**
   * True: the program never modifies the bytes again, so the loop sends them in place, without a copy per
   * connection. Default false: it copies them.
   */
  shared?: boolean
}

/** What `opened` returns: output, options, and an action. */
export type Opening<Context> =
  | readonly [
      out?: Out,
      options?: Options<Context> | Protocol | null | undefined,
      action?: Action | undefined,
    ]
  | void

/** The delay until the next `tick` in milliseconds, and an action. Nothing means no further tick. */
export type Tick = readonly [delay: number, action?: Action | undefined] | void

/**
 * A program's handlers. All are optional; they run one at a time in the thread that called `serve`, and never
 * reentrantly. An exception closes the handler's own connection, is passed to `closed`, and is reported: see
 * `failed`.
 *
 * If `Context` can't be undefined, `opened` is required, as it returns the context.
 */
export type Events<Context = undefined> = Handlers<Context> &
  (undefined extends Context ? unknown : Required<Pick<Handlers<Context>, 'opened'>>)

/** All handlers, whether or not `opened` returns the context for the others. */
export interface Handlers<Context = undefined> {
  /** Aborting it shuts the loop down. Applies only to `serve`'s first argument. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds; a handler that blocks the loop for longer is named in a process warning. Absent: handlers
   * are not timed. Applies only to `serve`'s first argument.
   */
  readonly slowHandler?: number | undefined
  /**
   * Runs once per handlers object, before its other handlers: for those passed to `serve` after all addresses
   * are bound, for others when the loop first uses them. An exception at the start ends the loop and rejects
   * `serve`.
   */
  serving?(server: Server): Action | void
  /** Runs once for each new connection, before its other handlers. */
  opened?(id: number, info: Info): Opening<Context>
  /**
   * Receives bytes, or `null` after a `wake`. `input` may be kept; with `reuseInputBuffer` it is valid only
   * until the handler returns.
   *
   * May return a promise: until it settles, the loop doesn't read from this connection; then its reply takes
   * effect.
   */
  data?(id: number, input: Buffer | null, context: Context): Reply | Promise<Reply>
  /**
   * Runs once when the peer has ended its side and all its input has been delivered, for connections with the
   * option `halfOpen`. Output still reaches the peer; the connection stays open until `Close` or `End`.
   * Replies as `data` does.
   */
  ended?(id: number, context: Context): Reply | Promise<Reply>
  /**
   * Runs once when a deadline set by `server.deadline` passes. Replies as `data` does, even while a promised
   * reply is outstanding. Without this handler the connection closes with `ETIMEDOUT`.
   */
  expired?(id: number, context: Context): Reply | Promise<Reply>
  /**
   * Runs when the handshake that `server.secure` started has completed: from now on all traffic is encrypted.
   * Replies as `data` does.
   */
  secured?(id: number, tls: TlsInfo, context: Context): Reply | Promise<Reply>
  /**
   * Runs once, as the last event of this `id`. `error` tells why the connection ended (`ECONNRESET`,
   * `ETIMEDOUT`, what a handler threw …); it is `undefined` after a normal close. Only the action `Shutdown`
   * has an effect here.
   */
  closed?(id: number, error: NodeJS.ErrnoException | undefined, context: Context): Action | void
  /**
   * Runs instead of `closed` after `Detach`: the program now owns `socket`, and undelivered input is still
   * readable on it. Only the action `Shutdown` has an effect here. Without this handler, `Detach` counts as
   * `Close`.
   */
  detached?(id: number, socket: net.Socket, context: Context): Action | void
  /** Runs before every write attempt; `amount` is the number of pending bytes. */
  prewrite?(id: number, amount: number, context: Context): Action | void
  /**
   * Runs after every write attempt: the system accepted `amount` bytes, and `remaining` are still pending.
   */
  postwrite?(id: number, amount: number, remaining: number, context: Context): Action | void
  /**
   * Runs once per token, in order: without an error when the system has accepted its output and all before
   * it, after the `postwrite` that reports the last byte; with an error when the output was discarded, before
   * `closed` or `detached`.
   *
   * Accepted by the system doesn't mean received by the peer: only a reply from the peer proves that.
   */
  sent?(id: number, token: unknown, error: NodeJS.ErrnoException | undefined, context: Context): Action | void
  /**
   * Runs when a handler throws or its promised reply rejects. Without this handler revio emits a process
   * warning with the stack. Either way the connection closes, and `closed` receives the error. A connection
   * whose handlers have no `failed` uses the one of `serve`'s first argument.
   */
  failed?(error: Error, where: { readonly id: number; readonly handler: string }): void
  /**
   * Runs when the TLS handshake of a peer that connected to an address of these handlers fails: `ERR_TLS`
   * with the reason in words, `ETIMEDOUT`, or the error that broke the connection. `opened` and `closed` do
   * not run for it.
   */
  tlsFailed?(error: NodeJS.ErrnoException, remoteAddress: Address): void
  /**
   * Runs right after `serving`, and again `delay` milliseconds (at least 1) after it returned `[delay]`. An
   * exception ends the loop and rejects `serve`.
   */
  tick?(): Tick
  /**
   * Receives messages sent with another loop's `server.post`, or posted on a port from `server.port`. `from`
   * is the sending loop's index; -1 for a port. An exception is reported, and the loop goes on. Only the
   * action `Shutdown` has an effect here.
   */
  message?(payload: unknown, from: number): Action | void
}

/** Another protocol for an open connection: see `protocol`. May include other options. */
export interface Protocol extends Omit<Options<unknown>, 'context'> {
  /** Handle the connection from its next event on; `opened` does not run again. */
  handlers: Handlers<unknown>
  /** The handlers' context. */
  context?: unknown
  /** Bytes that the old handlers left unused: delivered first. */
  input?: Uint8Array
}

/** What `configure` takes: any option of `opened`, or another protocol. */
export type Configuration<Context = unknown> = Options<Context> | Protocol

/** Options of `dial`. */
export interface DialOptions<Context = undefined> extends AttachOptions<Context> {
  /** Milliseconds after which the dial fails with `ETIMEDOUT`. 0: the system's timeout. Default 0. */
  timeout?: number
  /** For `tls://`: options that the address doesn't set. */
  tls?: TlsClientOptions
  /**
   * Sends a PROXY protocol header, version 1, with the addresses of this connection, on whose behalf the dial
   * is made.
   */
  proxy?: Pick<Info, 'remoteAddress' | 'localAddress'>
}

/** Options of `post`. */
export interface Posting {
  /** The receiving loop's index. Default: all other loops. */
  to?: number
  /** Objects to transfer instead of copying: `ArrayBuffer`s, `MessagePort`s. */
  transfer?: readonly Transferable[]
}

/** Options of `attach`, and of `dial`. */
export interface AttachOptions<Context = undefined> {
  /** The connection's handlers. Default: `serve`'s first argument. */
  events?: Handlers<Context>
  /** The connection's context, until `opened` returns another. */
  context?: Context
}

/** An address with separate handlers, so one loop can serve several protocols. */
export interface Endpoint {
  /** The address, in the form that `serve` accepts. */
  address: string
  /** Handlers of connections accepted here. Default: `serve`'s first argument. */
  events?: Handlers<unknown>
  /** For `tls://`: certificate, key and other options that the address doesn't set. */
  tls?: TlsServerOptions
}

/** A running loop, passed to `serving`. Call its methods at any time, inside handlers and outside. */
export interface Server {
  /** The bound addresses, in the order of `serve`'s arguments, with port 0 resolved. */
  readonly addresses: readonly Address[]
  /** The number of open connections. */
  readonly connections: number
  /** The transport of plain addresses. */
  readonly transport: 'native' | 'net' | 'memory'
  /** Why plain addresses, or those with TLS, do not run on `native`; undefined if they do. */
  readonly transportError: Error | undefined
  /** The loop's clock: milliseconds since an arbitrary moment. In a simulation, virtual time. */
  readonly now: number
  /** This loop's index in `serveLoops`; 0 in `serve`. */
  readonly index: number
  /** The number of loops in `serveLoops`; 1 in `serve`. */
  readonly loops: number
  /** The `Info` passed to `opened`; undefined for an id that is not open. */
  info(id: number): Info | undefined
  /** Bytes of unsent output; 0 for an id that is not open. */
  pending(id: number): number
  /**
   * Schedules `data(id, null)`; repeated calls before it runs coalesce. Returns false if the id is not open.
   */
  wake(id: number): boolean
  /**
   * Sends output, and takes an action, from outside a handler; with `{ action, token }`, `sent` runs for the
   * token. Writes or copies the bytes before it returns. Returns false if the connection no longer accepts
   * output (the action still takes effect) or the id is not open.
   *
   * @throws `ERR_REPLY` if `out` or `then` has the wrong type.
   */
  send(id: number, out: Out, then?: Action | Sending): boolean
  /**
   * Changes an open connection's options; `handlers` (with `context`, and unused `input`) switches the
   * protocol from the next event on. Returns false if the id is not open.
   *
   * @throws `ERR_OPTION` for an invalid option; nothing changes.
   */
  configure<Context = unknown>(id: number, options: Configuration<Context>): boolean
  /**
   * Runs `expired` once, `ms` milliseconds from now on the loop's clock. A later call replaces an earlier
   * one; `Infinity` cancels it. Returns false if the id is not open.
   *
   * @throws `ERR_OPTION` unless `ms` is a non-negative number.
   */
  deadline(id: number, ms: number): boolean
  /**
   * Connects to an address. Returns the id at once; `opened` follows, with `closing` set if the dial failed.
   *
   * @throws `ERR_ADDRESS`, `ERR_OPTION`, `ERR_UNSUPPORTED` for invalid arguments; `ERR_ENDED` if the loop has
   *   ended.
   */
  dial<Context = undefined>(address: string, options?: DialOptions<Context>): number
  /**
   * Adds a connected socket to the loop. Returns its id, and `opened` follows. The loop then owns the socket,
   * including its errors.
   *
   * @throws `ERR_OPTION`, `ERR_UNSUPPORTED` unless the socket is connected and in no loop; `ERR_ENDED` if the
   *   loop has ended.
   */
  attach<Context = undefined>(socket: net.Socket, options?: AttachOptions<Context>): number
  /**
   * Upgrades an open connection to TLS, as STARTTLS does. Earlier output goes out in the clear; later output
   * waits for the handshake. Undelivered input goes to the handshake. `secured` follows, or `closed` with the
   * error. Reads each options object only once. Returns false if the id is not open or either side has ended.
   *
   * @throws `ERR_OPTION`, `ERR_TLS`, `ERR_UNSUPPORTED`; nothing changes.
   */
  secure(id: number, tls: TlsUpgradeOptions): boolean
  /**
   * Changes an address's certificate or other TLS options for handshakes that start from now on, without
   * dropping connections. Missing options stay the same, and files named in the address are read again.
   *
   * @throws `ERR_OPTION`, `ERR_TLS`; nothing changes.
   */
  setSecureContext(addressIndex: number, tls?: TlsServerOptions): void
  /** Stops reading from a connection. Returns false if the id is not open. */
  pause(id: number): boolean
  /** Resumes reading from a connection. Returns false if the id is not open. */
  resume(id: number): boolean
  /**
   * Counters since the start, as plain numbers: the sum over all loops, or one loop's.
   *
   * @throws `ERR_OPTION` if there is no such loop.
   */
  stats(options?: { loop?: number }): Stats
  /**
   * Sends a copy of `message` to the `message` handlers of the other loops, or of loop `to`, which may be
   * this one; they run in a separate turn. Returns false if no loop receives it: with `serve`, there are no
   * others.
   *
   * @throws `ERR_OPTION`; a `DataCloneError` if the message can't be copied.
   */
  post(message: unknown, options?: Posting): boolean
  /**
   * Returns a port for another thread: messages posted on it go to this loop's `message`. It doesn't keep the
   * process alive.
   */
  port(): MessagePort
  /**
   * Other handlers take over from those that `serve` was given first, between two turns: contexts stay,
   * `serving` and `tick` of the new ones run. Connections and addresses with handlers of their own keep
   * these. Rejects with what `serving` threw, and then nothing has changed.
   *
   * @throws `ERR_OPTION` if they are not handlers.
   */
  reload(events: Handlers<unknown>): Promise<void>
  /**
   * Shuts the loop down. Connections first go on for up to `grace` milliseconds (default 0), or until none is
   * left, while the loop accepts no more. Then pending output has `timeout` milliseconds (default 1000) to
   * leave.
   */
  shutdown(options?: { timeout?: number; grace?: number }): void
  /** True once a shutdown has begun: the loop accepts no more connections. */
  readonly draining: boolean
}

/** A running `serve`: settles when the loop has ended. */
export interface Serving extends Promise<void> {
  /** Resolves once every address is bound and `serving` has run; rejects as `serve` does. */
  readonly listening: Promise<Server>
}

/**
 * Pairs handlers with their context, for `opened` and `configure`.
 *
 * ```ts
 * data: (id, input) => {
 *   server.configure(id, protocol(httpHandlers, new HttpSession(), { input }))
 * }
 * ```
 *
 * @param options - Other options to change; `input`, the bytes that the old handlers left unused, is
 *   delivered first.
 */
export function protocol<Context>(
  handlers: Handlers<Context>,
  context: Context,
  options: Omit<Protocol, 'handlers' | 'context'> = {},
): Protocol {
  return { ...options, handlers, context }
}
