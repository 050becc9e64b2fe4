import type { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { Action } from '../action.js'
import { asError, RevioError } from '../errors.js'
import type { Events, Info, Opening, Options, Out, Reply, Sending, Server } from '../events.js'
import { defaultLimits, type Limits, limitsOf } from '../limits.js'
import { asAction, asSending, checkOut, checkReply, isPromise } from '../reply.js'
import type { Layer } from './codec.js'
import { type OutputListener, PlainOutput, PlainToken } from './plain-output.js'
import type { Wire } from './wire.js'

/** The token with which the loop says that all output has gone. */
const DRAINED = Symbol('drained')

/** What delivering came to: nothing is left, something may be, or something has to be waited for. */
type Step = 'done' | 'more' | 'wait' | Promise<void>

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
  /** A handler asked for the end of the loop. */
  readonly shutdown: () => void
  /** After `leave`: the loop waits for this connection now, or need not. */
  readonly left: () => void
}

/**
 * One connection that is translated: what comes over the wire is led through its codec before the program's handlers
 * see it, and what they return before the loop does.
 *
 * The loop's `data` of this connection lasts until its bytes have become plain ones: at once where the codec is quick,
 * else by a promise; and it is woken until all of those have been delivered. So nothing more is read meanwhile, and
 * neither an end nor a reset overtakes what came before it.
 */
export class Translation<Context> implements OutputListener {
  readonly #options: TranslationOptions<Context>
  readonly #events: Events<Context>
  readonly #output: PlainOutput
  #context = undefined as Context
  #limits: Limits = defaultLimits
  #paused = false
  #woken = false
  #endTold = false
  /** The loop has been asked to tell when it has no output any more. */
  #draining = false
  #failure: Error | undefined
  #gone = false
  /** A handler of this connection is running, and what it has asked for meanwhile. */
  #handling = false
  #asked: Action | undefined
  /** A reply has been promised. */
  #promised = false
  /** The loop has been given a promise. */
  #waiting = false
  /** The loop is about to end. */
  #leaving = false
  /** Goes on with what waits. */
  #resume: (() => void) | undefined

  /** @throws What `wrap` throws; `ERR_OPTION` when that gave no layer. */
  constructor(options: TranslationOptions<Context>) {
    const { id, events, server, wrap } = options
    this.#options = options
    this.#events = events
    this.#output = new PlainOutput({ id, server, wrap, listener: this, tells: events.sent !== undefined })
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
    const { server, id } = this.#options
    const closing = this.#output.closing || this.#asked === Action.Close || this.#asked === Action.Detach
    return !closing && !this.#output.stopped && server.resume(id)
  }

  // For the loop's handlers. ////////////////////////////////////////////////////////////////////////////////////////

  /** `opened`, and what it returns, of which the loop does the rest. */
  opened(info: Info): Opening<Context> {
    const opening = this.#handle(() => this.#events.opened?.(this.#options.id, info))
    if (opening === undefined) {
      this.#actAsked()
      return [undefined, OWN_OPTIONS]
    }
    checkReply(opening, 'opened')
    const [out, options, wanted] = opening
    checkOut(out, 'opened')
    const action = asAction(wanted, 'opened')
    if (options !== undefined && options !== null) this.#configure(options)
    this.#put(out, undefined)
    this.#actAsked()
    this.act(action)
    return [undefined, { ...options, ...OWN_OPTIONS }]
  }

  /** Does what a handler asked for, once its output has been translated. What it has asked for first stands. */
  act(action: Action): void {
    if (action === Action.Shutdown) return this.#options.shutdown()
    if (action === Action.None || this.#gone) return
    // What the handler that runs is going to return comes before the end that it asks for in another way.
    if (this.#handling && action !== Action.End && action !== Action.Reset) {
      this.#asked ??= action
      return
    }
    const detachable = action !== Action.Detach || this.#events.detached !== undefined
    this.#output.finish(detachable ? action : Action.Close)
    this.moved()
  }

  /**
   * The loop is about to end, and is to wait for the last of the output as it does for promised replies. True when it
   * does so already or there is nothing to wait for; else `left` is called when it may go on.
   */
  leave(): boolean {
    const { server, id } = this.#options
    this.#leaving = true
    if (this.#promised) return true
    this.act(Action.Close)
    return this.#settled || this.#waiting || !server.wake(id)
  }

  /** Bytes came over the wire, or `null` for a wake. */
  data(input: Buffer | null): void | Promise<void> {
    if (input !== null && !this.#output.closing) this.#output.codec.feed(input)
    return this.#run()
  }

  /** The peer has ended; the last of its bytes may yet have to be translated. */
  ended(): void | Promise<void> {
    if (this.#output.closing) return
    this.#output.codec.feedEnd()
    return this.#run()
  }

  /** Output that came with a token has gone, or never will. */
  sent(token: unknown, error: Error | undefined): void {
    if (token instanceof PlainToken) return this.#told(token.token, error)
    this.#draining = false
    this.moved()
  }

  /** The connection is gone: tells of what never went, and answers what `closed` is to be told. */
  closed(error: Error | undefined): Error | undefined {
    const told = error ?? this.#failure
    this.#over()
    this.#output.codec.destroy()
    const { id, warn } = this.#options
    const lost = told ?? new RevioError('EPIPE', `connection ${id}: this output came after its end`)
    for (const token of this.#output.lostTokens()) {
      try {
        this.#told(token, lost)
      } catch (thrown) {
        warn(thrown)
      }
    }
    return told
  }

  /** The connection goes on at a socket, which has the wire; the answer is the one for the plain bytes. */
  detached(socket: net.Socket): net.Socket {
    this.#over()
    return this.#output.codec.handOver(socket)
  }

  /** Nothing more comes to the wire. */
  get #settled(): boolean {
    return this.#output.ended || this.#output.stopped
  }

  #over(): void {
    this.#gone = true
    this.#output.stopped = true
    this.moved()
    this.#options.left()
  }

  // For the codec. //////////////////////////////////////////////////////////////////////////////////////////////////

  readable(): void {
    if (this.#resume !== undefined) this.moved()
    else if (!this.#gone) this.#options.server.wake(this.#options.id)
  }

  moved(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  failed(error: Error): void {
    const over = this.#output.closing && this.#output.ended
    if (!over && !this.#gone && this.#failure === undefined) this.#fail(error)
  }

  /** Output is not taken, as there is more than there may be. */
  overflowed(error: Error): void {
    this.#fail(error)
    this.#options.server.send(this.#options.id, undefined, Action.Reset)
  }

  // Delivering. /////////////////////////////////////////////////////////////////////////////////////////////////////

  /**
   * Delivers what there is. Where something has to be waited for that is a promise, after which a wake of the loop's
   * goes on here, so that handlers run in its turns alone.
   */
  #run(): void | Promise<void> {
    if (this.#leaving) this.#options.left()
    for (;;) {
      const step = this.#step()
      if (step === 'done') return this.#leaving && !this.#settled ? this.#goOn(this.#change()) : undefined
      if (step !== 'more') return this.#goOn(step === 'wait' ? this.#change() : step)
    }
  }

  async #goOn(waiting: Promise<void>): Promise<void> {
    const { server, id } = this.#options
    this.#waiting = true
    try {
      await waiting
      while (this.#leaving && !this.#settled) await this.#change()
    } finally {
      this.#waiting = false
    }
    server.wake(id)
  }

  #step(): Step {
    if (this.#gone) return 'done'
    if (this.#failure !== undefined) throw this.#failure
    if (this.#output.closing) return 'done'
    if (this.#woken) {
      this.#woken = false
      return this.#deliver('data', () => this.#data(null))
    }
    const { source } = this.#output.codec
    if (this.#paused || this.#throttled()) return this.#undelivered ? 'wait' : 'done'
    const bytes: Buffer | null = source.read()
    if (bytes !== null) return this.#deliver('data', () => this.#data(bytes))
    if (!source.readableEnded || this.#endTold) return this.#undelivered ? 'wait' : 'done'
    this.#endTold = true
    return this.#deliver('ended', () => this.#ended())
  }

  /** Something has come that the program has not seen. */
  get #undelivered(): boolean {
    const { inputPending, source } = this.#output.codec
    return inputPending || (source.readableEnded && !this.#endTold)
  }

  #data(input: Buffer | null): Reply | Promise<Reply> {
    return this.#events.data?.(this.#options.id, input, this.#context)
  }

  #ended(): Reply | Promise<Reply> {
    if (!this.#limits.halfOpen || this.#events.ended === undefined) return [undefined, Action.Close]
    return this.#events.ended(this.#options.id, this.#context)
  }

  #deliver(handler: 'data' | 'ended', call: () => Reply | Promise<Reply>): Step {
    try {
      const reply = this.#handle(call)
      if (isPromise(reply)) return this.#await(reply, handler)
      this.#replied(reply, handler)
      return 'more'
    } catch (thrown) {
      return this.#threw(thrown)
    }
  }

  async #await(promise: PromiseLike<Reply>, handler: 'data' | 'ended'): Promise<void> {
    this.#actAsked()
    this.#promised = true
    try {
      this.#replied(await promise, handler)
    } catch (thrown) {
      await this.#threw(thrown)
    } finally {
      this.#promised = false
    }
    if (this.#leaving) this.act(Action.Close)
  }

  #replied(reply: Reply, handler: 'data' | 'ended'): void {
    if (reply !== undefined && !this.#gone) {
      checkReply(reply, handler)
      const [out, wanted, token] = reply
      checkOut(out, handler)
      const action = asAction(wanted, handler)
      this.#put(out, token)
      this.#actAsked()
      this.act(action)
    } else this.#actAsked()
  }

  #handle<T>(call: () => T): T {
    this.#handling = true
    try {
      return this.#options.watch(call)
    } finally {
      this.#handling = false
    }
  }

  /** Does what the handler asked for by another way than its reply. */
  #actAsked(): void {
    const action = this.#asked
    this.#asked = undefined
    if (action !== undefined) this.act(action)
  }

  #put(out: Out, token: unknown): void {
    if (!this.#output.takesMore || !this.#output.put(out, token)) this.#output.lose(token)
  }

  /** @throws `ERR_OPTION`. */
  #configure(options: Options<Context>): void {
    this.#limits = limitsOf(options, defaultLimits)
    this.#output.maxPending = this.#limits.maxPending
    this.#context = options.context as Context
    this.#paused = options.paused ?? false
  }

  /** A handler threw: all output goes before the connection closes with that. */
  async #threw(thrown: unknown): Promise<never> {
    this.#asked = undefined
    this.#output.finishSilently()
    while (!this.#settled) await this.#change()
    throw thrown
  }

  #told(token: unknown, error: Error | undefined): void {
    const { id } = this.#options
    try {
      const action = this.#handle(() => this.#events.sent?.(id, token, error, this.#context))
      this.#actAsked()
      this.act(asAction(action, 'sent'))
    } catch (thrown) {
      if (this.#gone) throw thrown
      this.#threw(thrown).catch(() => this.#fail(asError(thrown)))
    }
  }

  /** Closes the connection with an error, from outside of its handlers. */
  #fail(error: Error): void {
    this.#failure = error
    this.#output.stopped = true
    this.readable()
  }

  /** Unsent output is above the high-water mark; it will be told when there is less. */
  #throttled(): boolean {
    if (!this.#output.takesMore || this.pending <= this.#limits.highWaterMark) return false
    const { server, id } = this.#options
    if (!this.#draining && server.pending(id) > 0) {
      this.#draining = server.send(id, undefined, { token: DRAINED })
    }
    return true
  }

  #change(): Promise<void> {
    return new Promise(resolve => {
      this.#resume = resolve
    })
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
