import type { Buffer } from 'node:buffer'
import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import type { Out, Server } from '../events.js'
import { bytesOf } from '../loop/reply.js'
import { Codec, type CodecListener, type Layer } from './codec.js'
import { PlainReceipts } from './plain-receipts.js'
import { Wire } from './wire.js'

/** The token of plain output, on its way through the loop. */
export class PlainToken {
  readonly token: unknown

  constructor(token: unknown) {
    this.token = token
  }
}

/** Who hears of what goes out. */
export interface OutputListener extends CodecListener {
  /** Output was not taken, as there is more than there may be. */
  overflowed(error: Error): void
}

/** What the output of a translated connection needs. */
export interface PlainOutputOptions {
  readonly id: number
  /** The loop's own. */
  readonly server: Server
  readonly wrap: (wire: Wire) => Layer
  readonly listener: OutputListener
  /** The program wants to be told of tokens. */
  readonly tells: boolean
}

/** What a program sends over a translated connection, on its way through the codec to the loop. */
export class PlainOutput {
  readonly codec: Codec
  /** Bytes of unsent output above which the connection fails. */
  maxPending = Number.POSITIVE_INFINITY
  /** The wire has been ended: nothing more goes out. */
  ended = false
  /** Nothing more is taken, as the connection is gone or about to be. */
  stopped = false
  readonly #id: number
  readonly #server: Server
  readonly #listener: OutputListener
  readonly #receipts: PlainReceipts | undefined
  /** What follows once all output has come to the wire: End, Close, Detach. */
  #next: Action = Action.None
  /** What follows is not for the loop to know: it will be told by a handler that throws. */
  #silent = false

  /** @throws What `wrap` throws; `ERR_OPTION`. */
  constructor({ id, server, wrap, listener, tells }: PlainOutputOptions) {
    this.#id = id
    this.#server = server
    this.#listener = listener
    this.#receipts = tells ? new PlainReceipts() : undefined
    const wire = new Wire({
      write: (bytes, done) => this.#carry(bytes, done),
      end: () => this.#end(),
      hungry: () => listener.moved(),
    })
    this.codec = new Codec(wire, wrap(wire), listener)
  }

  /** Bytes that the system has not taken, translated or not. */
  get pending(): number {
    return this.codec.outputPending + this.#server.pending(this.#id)
  }

  get takesMore(): boolean {
    return this.#next === Action.None && !this.stopped
  }

  /** Nothing more comes to the wire. */
  get settled(): boolean {
    return this.ended || this.stopped
  }

  /** Detach was asked for: what still comes is for the socket. */
  get detaching(): boolean {
    return this.#next === Action.Detach && !this.stopped
  }

  /** Close or Detach was asked for: no more input is delivered. */
  get closing(): boolean {
    return this.#next === Action.Close || this.#next === Action.Detach
  }

  /** Takes output, and a token that is to be told of with it; false where it would pass `maxPending`. */
  put(out: Out, token: unknown): boolean {
    const bytes = bytesOf(out)
    if (bytes !== undefined && bytes.length > 0) {
      if (this.pending + bytes.length > this.maxPending) return this.#overflow(bytes.length)
      this.#receipts?.wrote()
      this.codec.sink.write(bytes, () => this.#translated())
    }
    if (token !== undefined) {
      this.#receipts?.add(token, this.codec.outputTranslated)
      this.#certify()
    }
    return true
  }

  /** Ends, closes or detaches once all output has come to the wire, or resets now. The first Close or Detach stands. */
  finish(action: Action): void {
    if (action === Action.Reset) return this.#reset()
    if (this.closing) return
    this.#next = action
    if (action === Action.Detach) this.#detach()
    else if (this.ended) this.#server.send(this.#id, undefined, action)
    else this.codec.sink.end()
  }

  /** The same for a connection that is going to be closed by what a handler throws. */
  finishSilently(): void {
    this.#silent = true
    this.#next = Action.Close
    this.codec.sink.end()
  }

  /** A token whose output is not taken. */
  lose(token: unknown): void {
    if (token !== undefined) this.#receipts?.lose(token)
  }

  /** Removes the tokens that have not been given to the loop. */
  lostTokens(): unknown[] {
    return this.#receipts?.rest() ?? []
  }

  #carry(bytes: Buffer, done: () => void): void {
    this.#server.send(this.#id, bytes)
    this.#receipts?.carried(bytes.length)
    done()
    this.#certify()
    if (this.#next === Action.Detach) this.#detach()
  }

  /** Plain output has become bytes for the wire. */
  #translated(): void {
    this.#receipts?.translated(this.codec.outputTranslated)
    this.#certify()
    this.#listener.moved()
    if (this.#next === Action.Detach) this.#detach()
  }

  /** Has the loop tell of the tokens whose bytes it has. Where it takes none any more they are lost with the rest. */
  #certify(): void {
    for (let due = this.#receipts?.due(); due !== undefined; due = this.#receipts?.due()) {
      const { token } = due
      const taken = !this.stopped && this.#server.send(this.#id, undefined, { token: new PlainToken(token) })
      if (!taken) return this.#receipts?.refused(token)
    }
  }

  /** The wire has been ended: the loop does what was asked for behind all of its bytes. */
  #end(): void {
    this.ended = true
    this.#receipts?.allCarried()
    this.#certify()
    if (this.#next === Action.None) this.#next = Action.End
    if (!this.#silent) this.#server.send(this.#id, undefined, this.#next)
    this.#listener.moved()
  }

  #reset(): void {
    this.stopped = true
    this.#server.send(this.#id, undefined, Action.Reset)
  }

  #detach(): void {
    if (this.codec.outputPending > 0) return
    this.#receipts?.allCarried()
    this.#certify()
    this.#server.send(this.#id, undefined, Action.Detach)
  }

  #overflow(size: number): false {
    const unsent = `the ${this.pending} unsent ones would pass maxPending, ${this.maxPending}`
    const message = `connection ${this.#id}: ${size} bytes more than ${unsent}`
    this.#listener.overflowed(new RevioError('ENOBUFS', message))
    return false
  }
}
