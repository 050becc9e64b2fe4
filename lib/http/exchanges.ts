import { Action, isAction } from '../action.js'
import { RevioError } from '../errors.js'
import type { Out, Server } from '../events.js'
import { type Outlet, sendStream, whenDrained } from './body-stream.js'
import type { HttpHandlers, HttpReply, Upgraded } from './handlers.js'
import { interim } from './head-writer.js'
import { HttpError } from './http-error.js'
import { type IncomingRequest, takeExpectation } from './incoming-request.js'
import type { Limits } from './limits.js'
import type { HeaderList, HttpResponse } from './message.js'
import { discard, isLive } from './outgoing-body.js'
import {
  discardReply,
  FAILED,
  isPromise,
  isUpgraded,
  noReply,
  type Returned,
  readyFor,
  responseTo,
  thrownLate,
} from './returned.js'
import { CONTINUE, type Rest, type Writer } from './writer.js'

/** What the exchanges of all connections share. */
export interface ExchangesOwner {
  readonly server: Server
  readonly handlers: HttpHandlers<unknown>
  readonly limits: Limits
  readonly writer: Writer
}

/** The requests of one connection. Calls the handlers, and writes the responses in order. */
export class Exchanges implements Outlet {
  readonly id: number
  readonly server: Server
  readonly writer: Writer
  readonly context: unknown
  readonly #handlers: HttpHandlers<unknown>
  readonly #limits: Limits
  #served = 0
  /** Some output has already been passed to the loop. */
  #sends = false
  #action: Action = Action.None
  #now = 0
  /** Requests in progress. */
  #active: IncomingRequest[] = []
  /** The request whose response is next. */
  #current: IncomingRequest | undefined
  /** No further request is served. */
  over = false
  /** The next response is the last one. */
  last = false
  gone = false
  giveUp: (() => void) | undefined
  /** The token of the response that is being sent. */
  #sending: { readonly token: unknown } | undefined
  /** The handlers that take over the connection after an upgrade, and whether the handler declined the upgrade. */
  upgrade: Upgraded | undefined
  declined = false

  constructor(id: number, { server, handlers, limits, writer }: ExchangesOwner, context: unknown) {
    this.id = id
    this.server = server
    this.writer = writer
    this.context = context
    this.#handlers = handlers
    this.#limits = limits
  }

  /**
   * Answers requests. Returns a promise if that takes longer; it rejects with what a handler threw.
   *
   * @throws what a handler threw, after a response that says so.
   */
  serve(requests: readonly IncomingRequest[], now: number): Promise<void> | undefined {
    this.#now = now
    this.writer.begin(this.id, this.server)
    let later: Promise<void> | undefined
    let index = 0
    while (index < requests.length && !this.over && later === undefined) {
      later = this.#room()
      const request = later === undefined ? requests[index++] : undefined
      if (request !== undefined) later = this.#serveOne(request)
    }
    const rest = later === undefined || index === requests.length ? NONE : requests.slice(index)
    return rest.length > 0 && later !== undefined ? this.#serveRest(rest, later) : later
  }

  /** Responds to invalid input. */
  refuse(refusal: HttpError, now: number): void {
    this.#now = now
    this.writer.begin(this.id, this.server)
    this.over = this.writer.respond(UNKNOWN, responseTo(refusal), true, now).closes
  }

  /** Returns the remaining output, and the action that follows it. */
  finish(): { out: Out; action: Action } {
    this.writer.begin(this.id, this.server)
    const action = this.#action === Action.None ? Action.Close : this.#action
    return { out: this.writer.take(this.id), action }
  }

  flush(): void {
    this.#sends = true
    this.writer.flush(this.server)
  }

  /**
   * Runs the handler `expect` for a peer that waits for `100 Continue`. Returns a promise if a refusal takes longer.
   */
  expect(request: IncomingRequest, now: number): Promise<void> | undefined {
    if (!request.expects) return undefined
    this.#now = now
    this.writer.begin(this.id, this.server)
    try {
      const refusal = this.#handlers.expect?.(this.id, request, this.context)
      if (refusal === undefined) this.goOn(request)
      else {
        takeExpectation(request)
        this.last = true
        return this.#take(request, refusal)
      }
    } catch (error) {
      this.#threw(request, error)
    }
    return undefined
  }

  /** Sends `100 Continue` with the next output. */
  goOn(request: IncomingRequest): void {
    if (!takeExpectation(request)) return
    this.writer.begin(this.id, this.server)
    this.writer.goOn()
  }

  /** Sends `100 Continue` at once. */
  goOnNow(request: IncomingRequest): void {
    if (this.over || !takeExpectation(request)) return
    this.flush()
    this.server.send(this.id, CONTINUE)
  }

  informational(status: number, headers: HeaderList | undefined): boolean {
    const bytes = interim(status, headers)
    const request = this.#current
    if (request === undefined || request.head.minor === 0 || this.over || this.giveUp !== undefined)
      return false
    this.flush()
    return this.server.send(this.id, bytes)
  }

  /** The output before another protocol takes over. */
  switch(response: HttpResponse | undefined): Out {
    this.writer.begin(this.id, this.server)
    this.writer.switch(response ?? {})
    return this.writer.take(this.id)
  }

  /** The connection is closed. */
  abort(error: Error): void {
    this.gone = true
    this.over = true
    for (const request of this.#active) request.abort(error)
    this.giveUp?.()
    this.#lost(error)
  }

  /** The output that is being sent will never be written. */
  #lost(error: Error): void {
    const sending = this.#sending
    if (sending === undefined) return
    this.#sending = undefined
    this.#handlers.sent?.(this.id, sending.token, error, this.context)
  }

  /**
   * Returns undefined if the next request can be served now; otherwise a promise, because the peer has not read enough
   * of the earlier responses.
   */
  #room(): Promise<void> | undefined {
    if (this.writer.full) this.flush()
    if (!this.#sends) return undefined
    return whenDrained(this)?.then(whole => {
      if (!whole) this.over = true
    })
  }

  #serveOne(request: IncomingRequest): Promise<void> | undefined {
    try {
      this.#current = request
      const returned = this.#call(request)
      return isPromise(returned) ? this.#await(request, returned) : this.#take(request, returned)
    } catch (error) {
      this.#threw(request, error)
      return undefined
    }
  }

  #call(request: IncomingRequest): Returned | Promise<Returned> | undefined {
    return request.head.upgrade
      ? this.#handlers.upgrade?.(this.id, request, this.context)
      : this.#handlers.request(this.id, request, this.context)
  }

  async #await(request: IncomingRequest, promise: PromiseLike<Returned | undefined>): Promise<void> {
    this.#active.push(request)
    let later: Promise<void> | undefined
    try {
      const returned = await promise
      if (this.gone) return discardReply(returned)
      this.#now = this.server.now
      this.writer.begin(this.id, this.server)
      later = this.#take(request, returned)
    } catch (error) {
      if (this.gone) return thrownLate(request, error)
      this.#now = this.server.now
      this.#threw(request, error)
    }
    this.flush()
    await later
  }

  /** Answers the remaining `requests` after the one in progress, up to `concurrency` at once. */
  async #serveRest(requests: readonly IncomingRequest[], first: Promise<void>): Promise<void> {
    const replies: Promise<Returned | undefined>[] = []
    const start = (limit: number) => {
      for (const request of requests.slice(replies.length, limit)) {
        if (concurrency > 1) this.#active.push(request)
        const reply = (async () => this.#call(request))()
        // The reply is awaited when its turn comes.
        reply.catch(() => {})
        replies.push(reply)
      }
    }
    const { concurrency } = this.#limits
    start(concurrency - 1)
    let taken = 0
    try {
      await first
      for (const [index, request] of requests.entries()) {
        await this.#room()
        if (this.over) return
        start(index + concurrency)
        this.#current = request
        taken++
        await this.#await(request, replies[index] as Promise<Returned | undefined>)
      }
    } finally {
      for (const reply of replies.slice(taken)) reply.then(discardReply, () => {})
    }
  }

  /** Writes what a handler returned. Returns a promise if the body takes longer. */
  #take(request: IncomingRequest, returned: Returned | undefined): Promise<void> | undefined {
    if (!Array.isArray(returned)) throw noReply(returned)
    if (request.head.upgrade && isUpgraded(returned as Returned)) {
      this.upgrade = returned as unknown as Upgraded
      this.#leaves(request)
      return undefined
    }
    const reply = returned as unknown as HttpReply
    const response = readyFor(request, reply[0])
    try {
      return this.#write(request, response, reply)
    } catch (error) {
      discard(response?.body)
      throw error
    }
  }

  #write(
    request: IncomingRequest,
    response: HttpResponse,
    [, action = Action.None, token]: HttpReply,
  ): Promise<void> | undefined {
    if (!isAction(action)) throw noReply(action)
    // A live response body may be produced from the request's body, and later would be too late to request that.
    if (request.expects && isLive(response?.body)) this.goOn(request)
    this.writer.begin(this.id, this.server)
    const written = this.writer.respond(
      request.head,
      response,
      action !== Action.None || this.#closes(request),
      this.#now,
    )
    this.over = written.closes
    this.#action = action === Action.End ? Action.Close : action
    if (request.head.upgrade) this.declined = true
    if (written.rest !== undefined) return this.#send(request, written.rest, token)
    this.#leaves(request)
    if (token === undefined) return undefined
    this.#sends = true
    this.server.send(this.id, this.writer.take(this.id), { token })
    return undefined
  }

  async #send(request: IncomingRequest, rest: Rest, token: unknown): Promise<void> {
    this.flush()
    if (!this.#active.includes(request)) this.#active.push(request)
    if (token !== undefined) this.#sending = { token }
    const whole = await sendStream(this, rest)
    this.#leaves(request)
    if (whole && (token === undefined || this.server.send(this.id, null, { token }))) {
      this.#sending = undefined
      return
    }
    this.over = true
    const error = new RevioError('EPIPE', `connection ${this.id}: broke while a response was being sent`)
    if (!whole) request.abort(error)
    this.#lost(error)
  }

  /** Whether the connection closes after the response to a request. */
  #closes(request: IncomingRequest): boolean {
    this.#served++
    if (this.last || !request.head.keepAlive || this.#served >= this.#limits.maxRequests) return true
    // A peer that waits for `100 Continue` may or may not send its body. After CONNECT, the bytes are not HTTP.
    return request.expects || request.method === 'CONNECT'
  }

  /** Responds for a handler that threw, and rethrows any error that is not meant as a response. */
  #threw(request: IncomingRequest, error: unknown): void {
    this.#leaves(request)
    this.writer.begin(this.id, this.server)
    if (request.head.upgrade) this.declined = true
    const closes = this.#closes(request)
    let fault = error
    if (error instanceof HttpError) {
      try {
        this.over = this.writer.respond(request.head, responseTo(error), closes, this.#now).closes
        return
      } catch (invalid) {
        fault = invalid
      }
    }
    this.over = this.writer.respond(request.head, FAILED, true, this.#now).closes
    this.flush()
    throw fault
  }

  #leaves(request: IncomingRequest): void {
    this.#current = undefined
    if (this.#active.length > 0) this.#active = this.#active.filter(other => other !== request)
  }
}

/** Stands for input that is not a request. */
const UNKNOWN = { method: 'GET', minor: 1 }
const NONE: readonly IncomingRequest[] = []
