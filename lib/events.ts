import type * as net from 'node:net'
import type { MessagePort, Transferable } from 'node:worker_threads'
import type { Action } from './action.js'
import type { FileRegion } from './file-region.js'
import type { Address, Info } from './info.js'
import type { Options } from './options.js'
import type { Stats } from './stats.js'
import type { TlsClientOptions, TlsInfo, TlsServerOptions, TlsUpgradeOptions } from './tls.js'

/** One piece of output. A string goes out as UTF-8; part of a file is read when the peer takes it. */
export type Chunk = Uint8Array | string | FileRegion

/** Output: nothing, one piece, or a list that goes out as one, in order. */
export type Out = Chunk | readonly Chunk[] | null | undefined

/**
 * What a `data` handler returns: output and what to do then. Nothing means no bytes and `Action.None`. A token, which
 * may be anything but `undefined`, is given to `sent` once the output has gone.
 */
export type Reply = readonly [out?: Out, action?: Action | undefined, token?: unknown] | void

/** What is to follow a `send`: see `Reply`. */
export interface Sending {
  action?: Action | undefined
  token?: unknown
  /**
   * The bytes stay as they are for as long as the loop lives: they are sent from where they lie, and many connections may
   * be sent the same. Default false: they are copied.
   */
  shared?: boolean
}

/** What `opened` returns: output, how the connection is to be treated, and what to do then. */
export type Opening<Context> =
  | readonly [
      out?: Out,
      options?: Options<Context> | Protocol | null | undefined,
      action?: Action | undefined,
    ]
  | void

/** When `tick` runs next, and what to do now. Nothing means no further tick. */
export type Tick = readonly [delay: number, action?: Action | undefined] | void

/**
 * The handlers of a program. All are optional; they run one at a time in the thread that called `serve`, never inside
 * one another. An exception closes the handler's own connection, is `closed`'s error, and is reported: see `failed`.
 *
 * Handlers with a `Context` that can't be undefined need an `opened`, which gives it.
 */
export type Events<Context = undefined> = Handlers<Context> &
  (undefined extends Context ? unknown : Required<Pick<Handlers<Context>, 'opened'>>)

/** All handlers, whether or not `opened` gives the others their context. */
export interface Handlers<Context = undefined> {
  /**
   * Aborting it is a `shutdown`. Only of the handlers that `serve` was given first.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds: a handler that holds the loop longer is named in a process warning. Absent: handlers are not timed.
   * Only of the handlers that `serve` was given first.
   */
  readonly slowHandler?: number | undefined
  /**
   * Everything is bound. Runs once for each object with handlers, before all its other handlers: at the start for
   * those that `serve` was given, else when the loop first gets to know them. Throwing at the start ends the loop and
   * rejects `serve`.
   */
  serving?(server: Server): Action | void
  /** A connection is there. Runs once for each `id`, before its other handlers. */
  opened?(id: number, info: Info): Opening<Context>
  /**
   * Bytes arrived, or `null` after a `wake`. They are a copy of their own unless `reuseInputBuffer` was chosen, in
   * which case they are the loop's again once the handler has returned.
   *
   * May return a promise: until it settles this connection is not read, then its reply counts as if returned then.
   */
  data?(id: number, input: Buffer | null, context: Context): Reply | Promise<Reply>
  /**
   * The peer has sent all it will, and all of that has been delivered; output still reaches it. Only for connections
   * with the option `halfOpen`; they stay open until `Close` or `End` is asked for. Replies as `data` does.
   */
  ended?(id: number, context: Context): Reply | Promise<Reply>
  /**
   * The time that `server.deadline` set has passed; runs once for each. Replies as `data` does, also while a promised
   * reply is outstanding. Without this handler the connection closes with `ETIMEDOUT`.
   */
  expired?(id: number, context: Context): Reply | Promise<Reply>
  /**
   * What `server.secure` asked for is done: the connection speaks TLS, and all that comes and goes from now on is
   * encrypted. Replies as `data` does.
   */
  secured?(id: number, tls: TlsInfo, context: Context): Reply | Promise<Reply>
  /**
   * The connection is gone; no event of this `id` follows. `error` is what ended it (`ECONNRESET`, `ETIMEDOUT`, what a
   * handler threw …), or `undefined` after an orderly end. Of the actions only `Shutdown` has a meaning here.
   */
  closed?(id: number, error: Error | undefined, context: Context): Action | void
  /**
   * `Detach` has been done: `socket` is the program's from now on, with what was read and not delivered still readable
   * on it. No event of this `id` follows. Of the actions only `Shutdown` has a meaning here.
   * Without this handler, `Detach` counts as `Close`.
   */
  detached?(id: number, socket: net.Socket, context: Context): Action | void
  /** Before every attempt to write; `amount` is all that is pending, in bytes. */
  prewrite?(id: number, amount: number, context: Context): Action | void
  /** After every attempt to write: `amount` bytes were taken, `remaining` are left. */
  postwrite?(id: number, amount: number, remaining: number, context: Context): Action | void
  /**
   * The output that came with this token, and all before it, has been given to the system; or it never will be, as
   * the connection is about to be `closed` with this error. Runs once for each token of output that was taken, in
   * their order, after the `postwrite` that reports the last of the bytes.
   *
   * That the system has it does not mean that it has arrived: only an answer of the peer's tells that.
   */
  sent?(id: number, token: unknown, error: Error | undefined, context: Context): Action | void
  /**
   * A handler threw, or a promise of its reply was rejected: which, and for which connection. Without this handler the
   * process gets a warning with the stack. Either way the connection closes, and `closed` gets the error. A connection
   * whose handlers have no `failed` uses that of the handlers that `serve` was given first.
   */
  failed?(error: Error, where: { readonly id: number; readonly handler: string }): void
  /**
   * A peer connected to an address of these handlers, and its TLS handshake failed: `ERR_TLS` with the reason in words,
   * `ETIMEDOUT`, or the error that broke the connection. No `opened` or `closed` tells of it.
   */
  tlsFailed?(error: Error, remoteAddress: Address): void
  /**
   * Runs right after `serving`, and again `delay` milliseconds (at least 1) after it returned `[delay]`.
   * Throwing ends the loop and rejects `serve`.
   */
  tick?(): Tick
  /**
   * A message that `server.post` of a loop has sent, or that came by a port of `server.port`. `from`: the index of that
   * loop; -1 for a port. An exception is reported, and the loop goes on. Of the actions only `Shutdown` has a meaning.
   */
  message?(payload: unknown, from: number): Action | void
}

/** Another protocol for an open connection: see `protocol`. Other options may stand beside these. */
export interface Protocol extends Omit<Options<unknown>, 'context'> {
  /** Take over from the connection's next event on; `opened` does not run again. */
  handlers: Handlers<unknown>
  /** What the handlers get as context. */
  context?: unknown
  /** Input that was not used: delivered first. */
  input?: Uint8Array
}

/** What `configure` takes: any option of `opened`, or another protocol. */
export type Configuration<Context = unknown> = Options<Context> | Protocol

/** How to dial. */
export interface DialOptions<Context = undefined> extends AttachOptions<Context> {
  /** Milliseconds after which a connection that is not there is given up with `ETIMEDOUT`. 0: the system's. Default 0. */
  timeout?: number
  /** For `tls://`: what else TLS is to know. The address may say some of it. */
  tls?: TlsClientOptions
  /** The connection that this one is made for: a header of the PROXY protocol, version 1, tells the other side its ends. */
  proxy?: Pick<Info, 'remoteAddress' | 'localAddress'>
}

/** Where a message goes. */
export interface Posting {
  /** The index of a loop. Default: all others. */
  to?: number
  /** What goes over to the receiver instead of being copied: `ArrayBuffer`s, `MessagePort`s. */
  transfer?: readonly Transferable[]
}

/** Whose a connection is that the program makes. */
export interface AttachOptions<Context = undefined> {
  /** Its handlers. Default: those that `serve` was given first. */
  events?: Handlers<Context>
  /** Its context, until `opened` gives another. */
  context?: Context
}

/** One of `serve`'s addresses with handlers of its own, so that one loop serves several protocols. */
export interface Endpoint {
  /** As `serve` takes it. */
  address: string
  /** Its handlers. Default: those that `serve` was given first. */
  events?: Handlers<unknown>
  /** For `tls://`: certificate and key, and what else TLS is to know. The address may say some of it. */
  tls?: TlsServerOptions
}

/** A running loop, as `serving` gets it. Its methods may be called at any time, from handlers and outside of them. */
export interface Server {
  /** What was bound, in the order of `serve`'s arguments; port 0 is resolved. */
  readonly addresses: readonly Address[]
  /** Connections open now. */
  readonly connections: number
  /** What plain addresses run on. */
  readonly transport: 'native' | 'net' | 'memory'
  /** Why plain addresses do not run on `native`, or why those with TLS do not, if so. */
  readonly transportError: Error | undefined
  /** The loop's clock: milliseconds since some fixed moment. In a simulation, its time. */
  readonly now: number
  /** This loop's place among those of `serveLoops`; 0 in `serve`. */
  readonly index: number
  /** How many loops `serveLoops` runs; 1 in `serve`. */
  readonly loops: number
  /** What `opened` was told; undefined for an id that is not open. */
  info(id: number): Info | undefined
  /** Bytes of unsent output; 0 for an id that is not open. */
  pending(id: number): number
  /** Fires `data(id, null)` soon; calls before it fires count once. False, and nothing done, for an id not open. */
  wake(id: number): boolean
  /**
   * A reply outside a handler: output, and what to do then; `{ action, token }` where `sent` is to tell of it. Its
   * bytes are taken before it returns. False when no output can be taken any more; the action is then still done.
   * False, and nothing done, for an id not open.
   *
   * @throws `ERR_REPLY` when `out` or `then` is none of their types.
   */
  send(id: number, out: Out, then?: Action | Sending): boolean
  /**
   * Changes options of an open connection, as `opened` may set them; `handlers` (with `context`, and `input` that was
   * not used) switches the protocol from the next event on. False, and nothing done, for an id not open.
   *
   * @throws `ERR_OPTION` with nothing changed when an option is wrong.
   */
  configure<Context = unknown>(id: number, options: Configuration<Context>): boolean
  /**
   * Has `expired` run once, `ms` milliseconds of the loop's time from now; a later call replaces an earlier one, and
   * `Infinity` takes it back. False, and nothing done, for an id not open.
   *
   * @throws `ERR_OPTION` unless `ms` is a number from 0.
   */
  deadline(id: number, ms: number): boolean
  /**
   * Connects to an address; answers the id at once, and `opened` follows, with `closing` where no connection could be
   * made.
   *
   * @throws `ERR_ADDRESS`, `ERR_OPTION`, `ERR_UNSUPPORTED` when the call is wrong; `ERR_ENDED` when the loop has ended.
   */
  dial<Context = undefined>(address: string, options?: DialOptions<Context>): number
  /**
   * Takes a connected socket into the loop; answers its id, and `opened` follows. From here on the socket is the
   * loop's, its errors too.
   *
   * @throws `ERR_OPTION`, `ERR_UNSUPPORTED` unless it is a connected socket that no loop has; `ERR_ENDED`.
   */
  attach<Context = undefined>(socket: net.Socket, options?: AttachOptions<Context>): number
  /**
   * Turns an open connection into TLS, as STARTTLS does: what was sent so far goes in the clear, output that comes later
   * waits for the handshake. Input that no handler has got is the handshake's. `secured` follows, or `closed` with the
   * error. The same object with options is read once. False, and nothing done, for an id that is not open, or one side
   * of which has ended.
   *
   * @throws `ERR_OPTION`, `ERR_TLS`, `ERR_UNSUPPORTED` with nothing changed.
   */
  secure(id: number, tls: TlsUpgradeOptions): boolean
  /**
   * Has an address use another certificate, or other options of TLS, for handshakes that begin from now on; no
   * connection is dropped. What is not given stays, and files that the address names are read again.
   *
   * @throws `ERR_OPTION`, `ERR_TLS` with nothing changed.
   */
  setSecureContext(addressIndex: number, tls?: TlsServerOptions): void
  /** Stops reading from a connection. False, and nothing done, for an id not open. */
  pause(id: number): boolean
  /** Goes on reading from a connection. False, and nothing done, for an id not open. */
  resume(id: number): boolean
  /**
   * What has happened since the start, as plain numbers: the sum over all loops, or one loop's.
   *
   * @throws `ERR_OPTION` for a loop that is not there.
   */
  stats(options?: { loop?: number }): Stats
  /**
   * Sends a copy of `message` to the `message` handlers of the other loops, or of loop `to`, which may be this one; they
   * run soon, in a turn of their own. False when no loop is there to get it: in `serve` there are no others.
   *
   * @throws `ERR_OPTION`; the `DataCloneError` of what cannot be copied.
   */
  post(message: unknown, options?: Posting): boolean
  /** A port for any other thread: what is posted on it comes to this loop's `message`. It keeps no process alive. */
  port(): MessagePort
  /**
   * Other handlers take over from those that `serve` was given first, between two turns: contexts stay, `serving` and
   * `tick` of the new ones run. Connections and addresses with handlers of their own keep these. Rejects with what
   * `serving` threw, and then nothing has changed.
   *
   * @throws `ERR_OPTION` when they are no handlers.
   */
  reload(events: Handlers<unknown>): Promise<void>
  /**
   * Ends the loop. `timeout`: how many milliseconds pending output may take to leave; default 1000. `grace`: for how many
   * milliseconds connections may go on before that, while nothing more is accepted; default 0. It ends when none is left.
   */
  shutdown(options?: { timeout?: number; grace?: number }): void
  /** `shutdown` was asked for: nothing is accepted any more. */
  readonly draining: boolean
}

/** A running `serve`: settles when the loop has ended. */
export interface Serving extends Promise<void> {
  /** Settles once every address is bound and `serving` has run; rejects as `serve` does. */
  readonly listening: Promise<Server>
}

/**
 * Pairs handlers with the context that they take, for `opened` and `configure`: a protocol of its own for a connection.
 *
 * ```ts
 * data: (id, input) => {
 *   server.configure(id, protocol(httpHandlers, new HttpSession(), { input }))
 * }
 * ```
 *
 * @param options - Whatever else is to change; `input` that was not used is delivered first.
 */
export function protocol<Context>(
  handlers: Handlers<Context>,
  context: Context,
  options: Omit<Protocol, 'handlers' | 'context'> = {},
): Protocol {
  return { ...options, handlers, context }
}
