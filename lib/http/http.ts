import type { Buffer } from 'node:buffer'
import type { Action } from '../action.js'
import { RevioError } from '../errors.js'
import type { Handlers, Opening, Protocol, Reply, Server } from '../events.js'
import type { Info } from '../info.js'
import { DrainToken } from './body-stream.js'
import { DateLine } from './date-line.js'
import type { HttpHandlers } from './handlers.js'
import { type HttpOptions, type Limits, limitsOf } from './limits.js'
import { llhttp } from './llhttp.js'
import type { HeaderList } from './message.js'
import type { Parser } from './parser.js'
import { Session, type SessionOwner } from './session.js'
import { Writer } from './writer.js'

/** The handlers of an HTTP connection: the result of `http`, to pass to `serve`. */
export interface Http extends Handlers<Session> {
  opened(id: number, info: Info): Opening<Session>
  /**
   * Sends an interim response, such as 103 with `link` fields, for the request in progress. Returns false, and sends
   * nothing, if there is no such request, its response has begun, or it is HTTP/1.0.
   *
   * @throws `ERR_REPLY` for a status that is not interim, or for invalid fields.
   */
  informational(id: number, status: number, headers?: HeaderList): boolean
}

/**
 * Turns request handlers into connection handlers. Use each result for one `serve`: it keeps a reference to the
 * server.
 *
 * ```ts
 * await serve(http({ request: (id, req) => [{ body: 'hello' }] }), 'tcp://:8080')
 * ```
 *
 * @throws `ERR_OPTION` for an invalid option or a missing handler; `ERR_UNSUPPORTED` without WebAssembly.
 */
export function http<Context = undefined>(handlers: HttpHandlers<Context>, options?: HttpOptions): Http {
  return new HttpProtocol(checked(handlers) as unknown as HttpHandlers<unknown>, limitsOf(options))
}

class HttpProtocol implements Http, SessionOwner {
  readonly handlers: HttpHandlers<unknown>
  readonly limits: Limits
  readonly dates = new DateLine()
  readonly writer = new Writer(this.dates)
  readonly parsers: Parser[] = []
  readonly #sessions = new Map<number, Session>()
  #server: Server | undefined
  readonly signal?: AbortSignal
  readonly slowHandler?: number
  readonly tick?: NonNullable<Handlers['tick']>
  readonly detached?: NonNullable<Handlers<Session>['detached']>
  readonly tlsFailed?: NonNullable<Handlers['tlsFailed']>
  readonly message?: NonNullable<Handlers['message']>
  readonly failed?: NonNullable<Handlers['failed']>

  constructor(handlers: HttpHandlers<unknown>, limits: Limits) {
    this.handlers = handlers
    this.limits = limits
    llhttp()
    const { signal, slowHandler, tick, detached, failed, tlsFailed, message } = handlers
    if (signal !== undefined) this.signal = signal
    if (slowHandler !== undefined) this.slowHandler = slowHandler
    // Only if the program has them: the loop behaves differently when these handlers exist.
    if (tick !== undefined) this.tick = () => tick.call(handlers)
    if (tlsFailed !== undefined) this.tlsFailed = (error, address) => tlsFailed.call(handlers, error, address)
    if (message !== undefined) this.message = (payload, from) => message.call(handlers, payload, from)
    if (failed !== undefined) {
      this.failed = (error, { id, handler }) =>
        failed.call(handlers, error, { id, handler: handler === 'data' ? 'request' : handler })
    }
    if (detached !== undefined) {
      this.detached = (id, socket, session) => {
        this.#leave(id, session, undefined)
        return detached.call(handlers, id, socket, session.context)
      }
    }
  }

  get server(): Server {
    if (this.#server === undefined)
      throw new RevioError('ERR_UNSUPPORTED', 'http: no loop serves these handlers')
    return this.#server
  }

  serving(server: Server): Action | void {
    this.#server = server
    return this.handlers.serving?.(server)
  }

  opened(id: number, info: Info): Opening<Session> {
    const [out, options, action] = this.handlers.opened?.(id, info) ?? []
    if (out !== undefined && out !== null) {
      throw new RevioError('ERR_REPLY', 'http: opened must not return output: there is no request yet')
    }
    if (isProtocol(options)) return [null, options, action]
    const session = new Session(id, this, options?.context)
    this.#sessions.set(id, session)
    return [
      null,
      { ...options, context: session, reuseInputBuffer: true, halfOpen: false, closeOnBreak: true },
      action,
    ]
  }

  data(_id: number, input: Buffer | null, session: Session): Reply | Promise<Reply> {
    return session.receive(input)
  }

  expired(_id: number, session: Session): Reply | Promise<Reply> {
    return session.expired()
  }

  sent(id: number, token: unknown, error: Error | undefined, session: Session): Action | void {
    if (token instanceof DrainToken) return token.sent(error)
    return this.handlers.sent?.(id, token, error, session.context)
  }

  closed(id: number, error: Error | undefined, session: Session | undefined): Action | void {
    // There is no session after a failed dial, or if `opened` threw.
    if (session !== undefined) this.#leave(id, session, error)
    return this.handlers.closed?.(id, error, session?.context)
  }

  informational(id: number, status: number, headers?: HeaderList): boolean {
    return this.#sessions.get(id)?.informational(status, headers) ?? false
  }

  upgraded(id: number): void {
    this.#sessions.delete(id)
  }

  #leave(id: number, session: Session, error: Error | undefined): void {
    this.#sessions.delete(id)
    session.closed(error)
  }
}

function isProtocol(options: object | null | undefined): options is Protocol {
  return options !== null && options !== undefined && 'handlers' in options
}

const HANDLERS = [
  'request',
  'expect',
  'upgrade',
  'opened',
  'closed',
  'sent',
  'detached',
  'failed',
  'serving',
  'tlsFailed',
  'tick',
  'message',
]

function checked<Context>(handlers: HttpHandlers<Context>): HttpHandlers<Context> {
  const given = handlers as unknown as Readonly<Record<string, unknown>>
  if (typeof handlers?.request !== 'function') {
    throw new RevioError('ERR_OPTION', 'http: expected an object with a handler request')
  }
  for (const name of HANDLERS) {
    if (given[name] === undefined || typeof given[name] === 'function') continue
    throw new RevioError(
      'ERR_OPTION',
      `http: handler "${name}" must be a function; received ${typeof given[name]}`,
    )
  }
  for (const name of Object.keys(given)) {
    if (typeof given[name] !== 'function' || HANDLERS.includes(name)) continue
    throw new RevioError(
      'ERR_OPTION',
      `http: unknown handler "${name}"; known handlers are ${HANDLERS.join(', ')}`,
    )
  }
  return handlers
}
