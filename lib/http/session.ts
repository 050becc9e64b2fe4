import { Buffer } from 'node:buffer'
import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import { protocol, type Reply, type Server } from '../events.js'
import type { DateLine } from './date-line.js'
import { Exchanges } from './exchanges.js'
import type { HttpHandlers, Upgraded } from './handlers.js'
import { HttpError } from './http-error.js'
import type { IncomingRequest } from './incoming-request.js'
import type { Limits } from './limits.js'
import { Parser, type ParserOwner } from './parser.js'
import { Times } from './times.js'
import type { Writer } from './writer.js'

/** What the connections of one `http()` share. */
export interface SessionOwner {
  readonly server: Server
  readonly handlers: HttpHandlers<unknown>
  readonly limits: Limits
  readonly dates: DateLine
  readonly writer: Writer
  /** Parsers that no connection uses at the moment. */
  readonly parsers: Parser[]
  /** The connection has switched to another protocol. */
  upgraded(id: number): void
}

/**
 * One connection: turns input into requests, and requests into responses, in order.
 *
 * If a request is still in progress when the loop's handler returns, the handler returns a promise for it. The loop
 * then stops reading, and waits for it if the peer ends. Only while a body is arriving does reading continue.
 */
export class Session implements ParserOwner {
  readonly limits: Limits
  readonly upgrades: boolean
  readonly #id: number
  readonly #owner: SessionOwner
  readonly #times: Times
  readonly #exchanges: Exchanges
  #parser: Parser | undefined
  /** The request in progress while its body is still arriving. */
  #working: Promise<void> | undefined
  /** The rest of a body is arriving that the program does not read. */
  #discarding = false
  #paused = false
  /** The request whose body last made progress, and how much had arrived. */
  #moving: IncomingRequest | undefined
  #moved = 0
  /** What a request threw that the loop was not waiting for. */
  #thrown: { error: unknown } | undefined

  constructor(id: number, owner: SessionOwner, context: unknown) {
    this.#id = id
    this.#owner = owner
    this.limits = owner.limits
    this.upgrades = owner.handlers.upgrade !== undefined
    this.#times = new Times(id, owner.server, owner.limits)
    this.#exchanges = new Exchanges(id, owner, context)
  }

  get context(): unknown {
    return this.#exchanges.context
  }

  receive(input: Buffer | null): Reply | Promise<Reply> {
    if (this.#thrown !== undefined) throw this.#takeThrown()
    if (input === null || this.#exchanges.over) return undefined
    this.#times.pass()
    this.#parser ??= this.#takeParser()
    if (this.#working !== undefined) return this.#receiveBody(this.#parser, input, this.#working)
    return this.#run(this.#parser, input)
  }

  /** The deadline has passed: the peer was too slow, unless it has made progress since the deadline was set. */
  expired(): Reply | Promise<Reply> {
    if (!this.#times.expired()) return undefined
    const parser = this.#parser
    const request = parser?.receiving
    if (request === undefined && parser?.inHead !== true) return [null, Action.Close]
    const part = request === undefined ? 'head' : 'body'
    const what = this.#times.requestLate ? 'request' : part
    return this.#refuse(new HttpError(408, `the ${what} came too slowly`), request)
  }

  closed(error: Error | undefined): void {
    this.#parser?.receiving?.abort(gone(error))
    this.#exchanges.abort(gone(error))
    this.#releaseParser()
  }

  informational(status: number, headers: Parameters<Exchanges['informational']>[1]): boolean {
    return this.#exchanges.informational(status, headers)
  }

  // The body of the request that is at work. ////////////////////////////////////////////////////////////////////////

  bodyWanted(): void {
    const request = this.#parser?.receiving
    if (request?.expects !== true) return
    this.#exchanges.goOnNow(request)
    // The session waits for the peer from now on.
    this.#times.pass()
    this.#times.body()
  }

  bodyDrained(): void {
    if (!this.#paused) return
    this.#paused = false
    // The session waits for the peer again.
    this.#times.pass()
    this.#times.body()
    this.#owner.server.resume(this.#id)
  }

  #receiveBody(parser: Parser, input: Buffer, working: Promise<void>): Reply | Promise<Reply> {
    const request = parser.receiving
    const at = parser.feed(input, 0)
    if (parser.refusal !== undefined && request !== undefined) return this.#refuse(parser.refusal, request)
    if (parser.receiving === undefined) {
      this.#times.busy()
      return this.#hold(parser, working, Buffer.from(input.subarray(at)))
    }
    this.#timeBody(request)
    if (request?.incoming?.full === true) {
      this.#paused = true
      // The session waits for the program.
      this.#times.hold()
      this.#owner.server.pause(this.#id)
    }
    return undefined
  }

  /** Only bytes of the body extend the deadline, and not those of a chunk's extension, for example. */
  #timeBody(request: IncomingRequest | undefined): void {
    const size = request?.incoming?.size ?? 0
    if (request === this.#moving && size === this.#moved) return
    this.#moving = request
    this.#moved = size
    this.#times.body()
  }

  // Requests. ///////////////////////////////////////////////////////////////////////////////////////////////////////

  #run(parser: Parser, input: Buffer): Reply | Promise<Reply> {
    const exchanges = this.#exchanges
    let at = 0
    do {
      at = parser.feed(input, at)
      if (parser.refusal === undefined) this.#leaveBody(parser)
      if (parser.ready.length > 0) {
        if (parser.ready[0] !== parser.receiving) this.#times.arrived()
        const later = exchanges.serve(parser.ready, this.#times.now)
        empty(parser.ready)
        if (later !== undefined) return this.#later(parser, later, input, at)
      }
      if (exchanges.over) return this.#finish()
      if (exchanges.upgrade !== undefined) return this.#switch(exchanges.upgrade, input.subarray(at))
      if (exchanges.declined) this.#decline(parser)
      if (parser.refusal !== undefined) return this.#refuseRest(parser, parser.refusal)
    } while (at < input.length)
    return this.#reply(parser)
  }

  /** Whatever follows a body has times of its own, and is not discarded with it. */
  #leaveBody({ receiving }: Parser): void {
    if (this.#moving === undefined || receiving === this.#moving) return
    this.#moving = undefined
    this.#discarding = false
    this.#times.arrived()
  }

  /** A request continues after the loop's handler has returned. */
  #later(parser: Parser, later: Promise<void>, input: Buffer, at: number): Reply | Promise<Reply> {
    this.#exchanges.flush()
    const request = parser.receiving
    // A body that is arriving whole is that of a later request, which has to wait.
    if (request === undefined || this.limits.bodies === 'bytes') {
      this.#times.busy()
      return this.#hold(parser, later, Buffer.from(input.subarray(at)))
    }
    this.#timeBody(request)
    // The peer waits for the program to read the body.
    if (request.expects) this.#times.hold()
    this.#working = later.then(
      () => this.#worked(parser),
      (error: unknown) => this.#failed(error),
    )
    // The body may have begun in the same piece of input, and may already be invalid.
    return parser.refusal === undefined ? undefined : this.#refuse(parser.refusal, request)
  }

  /** Returns a promise for the work in progress, and continues with the input after it. */
  async #hold(parser: Parser, working: Promise<void>, rest: Buffer): Promise<Reply> {
    await working
    if (this.#thrown !== undefined) throw this.#takeThrown()
    const exchanges = this.#exchanges
    if (exchanges.gone) return undefined
    this.#times.pass()
    if (exchanges.over) return this.#finish()
    if (exchanges.upgrade !== undefined) return this.#switch(exchanges.upgrade, rest)
    if (exchanges.declined) this.#decline(parser)
    if (parser.refusal !== undefined) return this.#refuse(parser.refusal, undefined)
    return rest.length > 0 ? this.#run(parser, rest) : this.#reply(parser)
  }

  /** A request is answered, but its body may still be arriving. */
  #worked(parser: Parser): void {
    this.#working = undefined
    const exchanges = this.#exchanges
    if (exchanges.gone) return
    if (exchanges.over) {
      const { out, action } = exchanges.finish()
      this.#owner.server.send(this.#id, out, action)
      return
    }
    const request = parser.receiving
    if (request === undefined) return
    this.#discard(request)
    this.bodyDrained()
    this.#times.pass()
    this.#times.body()
  }

  /** The request is answered: discards the rest of its body. */
  #discard(request: IncomingRequest): void {
    this.#discarding = true
    request.incoming?.discard()
  }

  /**
   * Makes the loop close the connection with what a request threw, because the loop was not waiting for that request.
   */
  #failed(error: unknown): void {
    this.#working = undefined
    this.#thrown = { error }
    if (!this.#exchanges.gone) this.#owner.server.wake(this.#id)
  }

  #takeThrown(): unknown {
    const thrown = this.#thrown?.error
    this.#thrown = undefined
    return thrown
  }

  // Ends of a piece of input. ///////////////////////////////////////////////////////////////////////////////////////

  #reply(parser: Parser): Reply | Promise<Reply> {
    this.#leaveBody(parser)
    const request = parser.receiving
    if (request !== undefined) {
      if (this.limits.bodies === 'bytes') {
        const later = this.#exchanges.expect(request, this.#times.now)
        if (later !== undefined) {
          this.#times.hold()
          return this.#hold(parser, later, NOTHING)
        }
        if (this.#exchanges.over) return this.#finish()
      } else this.#discard(request)
      this.#timeBody(request)
    } else if (parser.inHead) this.#times.head()
    else {
      this.#times.idle()
      this.#releaseParser()
    }
    const out = this.#owner.writer.take(this.#id)
    return out === '' ? undefined : [out]
  }

  /**
   * Responds to invalid input, and closes. If the input is the body of a request in progress, that request gets the
   * error through its body.
   */
  #refuse(refusal: HttpError, request: IncomingRequest | undefined): Reply | Promise<Reply> {
    const exchanges = this.#exchanges
    exchanges.last = true
    if (this.#working !== undefined && request !== undefined) {
      request.abort(refusal)
      this.bodyDrained()
      this.#times.busy()
      return this.#working.then(() => (exchanges.gone ? undefined : this.#finish()))
    }
    this.#times.busy()
    if (!this.#discarding) exchanges.refuse(refusal, this.#times.now)
    return this.#finish()
  }

  /** Refuses invalid input, or a body whose request is already answered. */
  #refuseRest(parser: Parser, refusal: HttpError): Reply | Promise<Reply> {
    const request = parser.receiving
    if (request !== undefined && this.limits.bodies === 'stream' && !request.head.upgrade) {
      this.#discard(request)
    }
    return this.#refuse(refusal, undefined)
  }

  #finish(): Reply {
    const { out, action } = this.#exchanges.finish()
    return [out, action]
  }

  #decline(parser: Parser): void {
    this.#exchanges.declined = false
    parser.declineUpgrade()
  }

  #switch([handlers, context, response]: Upgraded, rest: Buffer): Reply {
    const { server } = this.#owner
    const out = this.#exchanges.switch(response)
    this.#releaseParser()
    this.#owner.upgraded(this.#id)
    server.deadline(this.#id, Number.POSITIVE_INFINITY)
    const plain = {
      ...{ paused: false, halfOpen: false, closeOnBreak: false, reuseInputBuffer: false },
      ...{ readTimeout: 0, idleTimeout: 0 },
    }
    server.send(this.#id, out)
    server.configure(this.#id, protocol(handlers, context, { ...plain, input: rest }))
    server.wake(this.#id)
    return undefined
  }

  #takeParser(): Parser {
    const parser = this.#owner.parsers.pop()
    if (parser === undefined) return new Parser(this)
    parser.adopt(this)
    return parser
  }

  /** Connections need no parser between requests. */
  #releaseParser(): void {
    const parser = this.#parser
    if (parser === undefined) return
    this.#parser = undefined
    parser.release()
    this.#owner.parsers.push(parser)
  }
}

const NOTHING = Buffer.alloc(0)

/** Removes everything. Of one item, `pop` leaves the array its memory; a length of 0 costs as much as a small response. */
function empty(list: unknown[]): void {
  if (list.length === 1) list.pop()
  else list.length = 0
}

function gone(error: Error | undefined): Error {
  return error ?? new RevioError('ECONNABORTED', 'http: the connection has closed')
}
