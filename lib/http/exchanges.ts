import { Action, isAction } from '../action.js'
import { RevioError } from '../errors.js'
import type { Out, Server } from '../events.js'
import { type Outlet, sendStream, whenDrained } from './body-stream.js'
import type { HttpHandlers, HttpReply, Upgraded } from './handlers.js'
import { interim } from './head-writer.js'
import { HttpError } from './http-error.js'
import type { IncomingRequest } from './incoming-request.js'
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

/** What exchanges share with those of other connections. */
export interface ExchangesOwner {
  readonly server: Server
  readonly handlers: HttpHandlers<unknown>
  readonly limits: Limits
  readonly writer: Writer
}

/** The requests of one connection: has them answered, in their order. */
export class Exchanges implements Outlet {
  readonly id: number
  readonly server: Server
  readonly writer: Writer
  readonly context: unknown
  readonly #handlers: HttpHandlers<unknown>
  readonly #limits: Limits
  #served = 0
  /** Some output is the loop's already. */
  #sends = false
  #action: Action = Action.None
  #now = 0
  /** At work. */
  #active: IncomingRequest[] = []
  /** Whose response comes next. */
  #current: IncomingRequest | undefined
  /** No request is served any more. */
  over = false
  /** The next response is the last. */
  last = false
  gone = false
  giveUp: (() => void) | undefined
  /** The token of a response that is being sent. */
  #sending: { readonly token: unknown } | undefined
  /** What a handler has the connection become, and that it stays what it is. */
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
   * Answers requests. A promise where that takes longer; it rejects with what a handler threw.
   *
   * @param requests - Taken, and empty afterwards.
   * @throws what a handler threw, behind an answer that says so.
   */
  serve(requests: IncomingRequest[], now: number): Promise<void> | undefined {
    this.#now = now
    this.writer.holder = this.id
    let later: Promise<void> | undefined
    let index = 0
    while (index < requests.length && !this.over && later === undefined) {
      later = this.#room()
      const request = later === undefined ? requests[index++] : undefined
      if (request !== undefined) later = this.#serveOne(request)
    }
    const rest = later === undefined || index === requests.length ? NONE : requests.slice(index)
    requests.length = 0
    return rest.length > 0 && later !== undefined ? this.#serveRest(rest, later) : later
  }

  /** Answers what is no request that could be served. */
  refuse(refusal: HttpError, now: number): void {
    this.#now = now
    this.writer.holder = this.id
    this.over = this.writer.respond(UNKNOWN, responseTo(refusal), true, now).closes
  }

  /** What is left to be written, and what the loop is to do then. */
  finish(): { out: Out; action: Action } {
    this.writer.holder = this.id
    return { out: this.writer.take(), action: this.#action === Action.None ? Action.Close : this.#action }
  }

  flush(): void {
    this.#sends = true
    this.writer.flush(this.server)
  }

  /** Asks the program whether a peer that waits for that is to send its body. A promise where a refusal takes longer. */
  expect(request: IncomingRequest, now: number): Promise<void> | undefined {
    if (!request.expects) return undefined
    this.#now = now
    this.writer.holder = this.id
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

  /** Has a peer that waits for it send the body, with what is written next. */
  goOn(request: IncomingRequest): void {
    if (!takeExpectation(request)) return
    this.writer.holder = this.id
    this.writer.goOn()
  }

  /** The same at once. */
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

  /** What goes out before another protocol takes over. */
  switch(response: HttpResponse | undefined): Out {
    this.writer.holder = this.id
    this.writer.switch(response ?? {})
    return this.writer.take()
  }

  /** The connection has gone. */
  abort(error: Error): void {
    this.gone = true
    this.over = true
    for (const request of this.#active) request.abort(error)
    this.giveUp?.()
    this.#lost(error)
  }

  /** What is being sent will never have left. */
  #lost(error: Error): void {
    const sending = this.#sending
    if (sending === undefined) return
    this.#sending = undefined
    this.#handlers.sent?.(this.id, sending.token, error, this.context)
  }

  /** Undefined when the next request may be served; else it waits: the peer has much to take of what it asked before. */
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
      this.writer.holder = this.id
      later = this.#take(request, returned)
    } catch (error) {
      if (this.gone) return thrownLate(request, error)
      this.#now = this.server.now
      this.#threw(request, error)
    }
    this.flush()
    await later
  }

  /** Answers the rest of `requests` behind the one that is at work, as many at once as may be. */
  async #serveRest(requests: readonly IncomingRequest[], first: Promise<void>): Promise<void> {
    const replies: Promise<Returned | undefined>[] = []
    const start = (limit: number) => {
      for (const request of requests.slice(replies.length, limit)) {
        if (concurrency > 1) this.#active.push(request)
        const reply = (async () => this.#call(request))()
        // It is waited for when its turn comes.
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

  /** Writes what a handler returned; a promise where the body takes longer. */
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
    // What is made while it is sent may be made of the body, and later would be too late to ask for that.
    if (request.expects && isLive(response?.body)) this.goOn(request)
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
    this.server.send(this.id, this.writer.take(), { token })
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

  /** Whether the connection closes behind the response to a request. */
  #closes(request: IncomingRequest): boolean {
    this.#served++
    if (this.last || !request.head.keepAlive || this.#served >= this.#limits.maxRequests) return true
    // The peer may or may not send the body that it asked about. What follows CONNECT is no HTTP.
    return request.expects || request.method === 'CONNECT'
  }

  /** Answers for a handler that threw; what is not meant as an answer is thrown on. */
  #threw(request: IncomingRequest, error: unknown): void {
    this.#leaves(request)
    this.writer.holder = this.id
    const meant = error instanceof HttpError
    const closes = this.#closes(request) || !meant
    const response = meant ? responseTo(error) : FAILED
    this.over = this.writer.respond(request.head, response, closes, this.#now).closes
    if (request.head.upgrade) this.declined = true
    if (meant) return
    this.flush()
    throw error
  }

  #leaves(request: IncomingRequest): void {
    this.#current = undefined
    if (this.#active.length > 0) this.#active = this.#active.filter(other => other !== request)
  }
}

/** Stands for what was no request. */
const UNKNOWN = { method: 'GET', minor: 1 }
const NONE: readonly IncomingRequest[] = []

/** Whether a peer waits for a word before it sends its body; from now on it has had it. */
function takeExpectation({ incoming, expects }: IncomingRequest): boolean {
  if (incoming !== undefined) incoming.expected = false
  return expects
}
