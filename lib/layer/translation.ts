import type { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import type { Handlers as Events, Info, Opening, Out, Sending, Server } from '../events.js'
import { asSending, checkOut } from '../loop/reply.js'
import { Changes } from './changes.js'
import type { Layer } from './codec.js'
import { PlainDelivery } from './plain-delivery.js'
import { type OutputListener, PlainOutput, PlainToken } from './plain-output.js'
import type { Wire } from './wire.js'

/** The token with which the loop says that all output has gone. */
const DRAINED = Symbol('drained')

/** What a translation needs of the program and of the loop. */
export interface TranslationOptions<Context> {
  readonly id: number
  readonly events: Events<Context>
  /** The loop's own. */
  readonly server: Server
  readonly wrap: (wire: Wire) => Layer
  /** Calls a handler; what that throws is noted and thrown on. */
  readonly watch: <T>(call: () => T) => T
  /** Takes what no handler can be told. */
  readonly warn: (thrown: unknown) => void
}

/**
 * One connection that is translated: what comes over the wire is led through its codec before the program's handlers
 * see it, and what they return before the loop does.
 *
 * The loop's `data` of this connection calls one handler of the program's at most. It lasts until its bytes have become
 * plain ones: at once where the codec is quick, else by a promise; and the connection is woken until all of those have
 * been delivered. So nothing more is read meanwhile, and neither an end nor a reset overtakes what came before it.
 */
export class Translation<Context> implements OutputListener {
  readonly #id: number
  readonly #server: Server
  readonly #warn: (thrown: unknown) => void
  readonly #changes = new Changes()
  readonly #output: PlainOutput
  readonly #delivery: PlainDelivery<Context>
  #paused = false
  #woken = false
  #endTold = false
  /** The loop has been asked to tell when it has no output any more. */
  #draining = false
  /** What the connection closes with. */
  #failure: Error | undefined

  /** @throws What `wrap` throws; `ERR_OPTION` when that gave no layer. */
  constructor({ id, events, server, wrap, watch, warn }: TranslationOptions<Context>) {
    this.#id = id
    this.#server = server
    this.#warn = warn
    const output = new PlainOutput({ id, server, wrap, listener: this, tells: events.sent !== undefined })
    this.#output = output
    this.#delivery = new PlainDelivery({
      ...{ id, events, output, changes: this.#changes, watch },
      fail: error => this.#fail(error),
      shutdown: () => server.shutdown(),
    })
  }

  // For the program. ////////////////////////////////////////////////////////////////////////////////////////////////

  /** Bytes of output that the system has not taken, translated or not. */
  get pending(): number {
    return this.#output.pending
  }

  send(out: Out, then?: Action | Sending): boolean {
    checkOut(out, 'send')
    const { action = Action.None, token } = asSending(then)
    if (!this.#open) return false
    const taken = this.#output.takesMore && this.#output.put(out, token)
    this.act(action)
    return taken
  }

  wake(): boolean {
    if (!this.#open) return false
    this.#woken = true
    this.readable()
    return true
  }

  pause(paused: boolean): boolean {
    this.#paused = paused
    if (!paused) this.readable()
    return this.#open
  }

  /** The loop has not begun to close the connection. It is never paused there, so that resuming it only asks. */
  get #open(): boolean {
    return !this.#delivery.closing && !this.#output.stopped && this.#server.resume(this.#id)
  }

  // For the loop's handlers. ////////////////////////////////////////////////////////////////////////////////////////

  /** `opened`, and what it returns, of which the loop does the rest. */
  opened(info: Info): Opening<Context> {
    const options = this.#delivery.opened(info)
    this.#paused = options.paused ?? false
    return [undefined, { ...options, ...OWN_OPTIONS }]
  }

  /** Does what a handler asked for. */
  act(action: Action): void {
    this.#delivery.act(action)
  }

  /** Bytes came over the wire, or `null` for a wake. */
  data(input: Buffer | null): void | Promise<void> {
    const { closing, detaching, codec } = this.#output
    if (input !== null && (!closing || detaching)) codec.feed(input)
    return this.#deliver()
  }

  /** The peer has ended; the last of its bytes may yet have to be translated. */
  ended(): void | Promise<void> {
    const { closing, detaching, codec } = this.#output
    if (closing && !detaching) return
    codec.feedEnd()
    return this.#deliver()
  }

  /** Output that came with a token has gone, or never will. */
  sent(token: unknown, error: Error | undefined): void {
    if (token instanceof PlainToken) return this.#delivery.sent(token.token, error)
    this.#draining = false
    this.moved()
  }

  /** The loop is about to end: closes, and answers what ends when the last of the output has come to the wire. */
  leave(): Promise<void> | undefined {
    if (this.#delivery.promised) return undefined
    this.act(Action.Close)
    const output = this.#output
    return output.settled ? undefined : this.#changes.until(() => output.settled)
  }

  /** The connection is gone: tells of what never went, and answers what `closed` is to be told. */
  closed(error: Error | undefined): Error | undefined {
    const told = error ?? this.#failure
    this.#stop()
    this.#output.codec.destroy()
    const lost = told ?? new RevioError('EPIPE', `connection ${this.#id}: this output came after its end`)
    for (const token of this.#output.lostTokens()) {
      try {
        this.#delivery.sent(token, lost)
      } catch (thrown) {
        this.#warn(thrown)
      }
    }
    return told
  }

  /** The connection goes on at a socket, which has the wire; the answer is the one for the plain bytes. */
  detached(socket: net.Socket): net.Socket {
    this.#stop()
    return this.#output.codec.handOver(socket)
  }

  // For the codec. //////////////////////////////////////////////////////////////////////////////////////////////////

  readable(): void {
    this.moved()
    this.#server.wake(this.#id)
  }

  moved(): void {
    this.#changes.happened()
  }

  failed(error: Error): void {
    const over = this.#output.stopped || (this.#output.closing && this.#output.ended)
    if (!over) this.#fail(error)
  }

  /** Output is not taken, as there is more than there may be. */
  overflowed(error: Error): void {
    this.#fail(error)
    this.#server.send(this.#id, undefined, Action.Reset)
  }

  // Delivering. /////////////////////////////////////////////////////////////////////////////////////////////////////

  /**
   * Has the handler called whose turn it is. Where something has to be waited for that is a promise; then and where
   * more is to be delivered a wake of the loop's goes on here, so that handlers run in its turns alone.
   */
  #deliver(): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#output.detaching) return this.#changes.until(() => !this.#output.detaching)
    if (this.#output.closing || this.#output.stopped) return
    const call = this.#due()
    if (call === undefined) return this.#undelivered ? this.#goOn(this.#changes.next()) : undefined
    const waiting = call()
    if (waiting !== undefined) return this.#goOn(waiting)
    if (this.#undelivered) this.#server.wake(this.#id)
  }

  async #goOn(waiting: Promise<void>): Promise<void> {
    await waiting
    this.#server.wake(this.#id)
  }

  /** The call of the handler that is next. */
  #due(): (() => void | Promise<void>) | undefined {
    const delivery = this.#delivery
    if (this.#woken) {
      this.#woken = false
      return () => delivery.data(null)
    }
    if (this.#paused || this.#throttled()) return undefined
    const { source } = this.#output.codec
    const bytes: Buffer | null = source.read()
    if (bytes !== null) return () => delivery.data(bytes)
    if (!source.readableEnded || this.#endTold) return undefined
    this.#endTold = true
    return () => delivery.ended()
  }

  /** Something has come that the program has not seen. */
  get #undelivered(): boolean {
    const { inputPending, source } = this.#output.codec
    return inputPending || (source.readableEnded && !this.#endTold)
  }

  /** Unsent output is above the high-water mark; it will be told when there is less. */
  #throttled(): boolean {
    if (!this.#output.takesMore || this.pending <= this.#delivery.limits.highWaterMark) return false
    if (!this.#draining && this.#server.pending(this.#id) > 0) {
      this.#draining = this.#server.send(this.#id, undefined, { token: DRAINED })
    }
    return true
  }

  /** Closes the connection with an error, from outside of its handlers. */
  #fail(error: Error): void {
    this.#failure = error
    this.#stop()
    this.#server.wake(this.#id)
  }

  /** Nothing more comes to the wire. */
  #stop(): void {
    this.#output.stopped = true
    this.moved()
  }
}

/**
 * The layer takes the input at once and keeps it, sees the peer's end before the connection closes for it, and has the
 * limit of the output to itself, as that counts plain bytes.
 */
const OWN_OPTIONS = {
  paused: false,
  reuseInputBuffer: false,
  halfOpen: true,
  maxPending: Number.POSITIVE_INFINITY,
} as const
