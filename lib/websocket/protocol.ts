import { Buffer } from 'node:buffer'
import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import { type Handlers, type Out, protocol, type Reply, type Server } from '../events.js'
import { isPromiseLike } from '../promise-like.js'
import { kindOf } from '../show.js'
import { CloseCode } from './close-code.js'
import type { Closer } from './closer.js'
import { Opcode } from './frame.js'
import type { Data } from './frame-writer.js'
import type { MessageReply, Messages, WebSocketHandlers } from './handlers.js'
import { type MessageReader, Received } from './message-reader.js'
import type { Settings } from './options.js'
import type { Outgoing } from './outgoing.js'
import { Phase, type Session } from './session.js'

/** What the protocol needs from `websocket`. */
export interface ProtocolOptions<Context> {
  readonly handlers: WebSocketHandlers<Context>
  readonly settings: Settings
  readonly outgoing: Outgoing<Context>
  readonly closer: Closer<Context>
  /** Reports the loop that runs the connections. */
  readonly meet: (server: Server) => void
  /** A connection opened or closed. */
  readonly opened: (session: Session<Context>) => void
  readonly closed: (session: Session<Context>) => void
  /** Performs an action that a handler returned. */
  readonly act: (session: Session<Context>, action: unknown) => void
}

type Pending = Promise<Reply> | undefined

/** The byte-level handlers, which the loop calls after HTTP has handed a connection over. */
export class Protocol<Context> implements Handlers<Session<Context>> {
  readonly sent?: (
    id: number,
    token: unknown,
    error: Error | undefined,
    session: Session<Context>,
  ) => Action | void
  readonly failed?: (error: Error, where: { readonly id: number; readonly handler: string }) => void
  readonly #options: ProtocolOptions<Context>
  readonly #handlers: WebSocketHandlers<Context>
  readonly #outgoing: Outgoing<Context>
  /** The name of the handler that is running or ran last. */
  #running = 'opened'

  constructor(options: ProtocolOptions<Context>) {
    const { handlers } = options
    this.#options = options
    this.#handlers = handlers
    this.#outgoing = options.outgoing
    if (handlers.sent !== undefined) {
      this.sent = (id, token, error, { context }) => handlers.sent?.(id, token, error, context)
    }
    if (handlers.failed !== undefined) {
      this.failed = (error, { id, handler }) => {
        handlers.failed?.(error, { id, handler: handler === 'data' ? this.#running : handler })
      }
    }
  }

  serving(server: Server): void {
    this.#options.meet(server)
  }

  data(_id: number, input: Buffer | null, session: Session<Context>): Reply | Promise<Reply> {
    const outgoing = this.#outgoing
    outgoing.begin(session)
    try {
      const pending = this.#take(session, input)
      if (pending === undefined) return taken(session, outgoing.end())
      outgoing.flush()
      return pending
    } catch (thrown) {
      this.#options.closer.threw(session)
      outgoing.flush()
      throw thrown
    } finally {
      outgoing.end()
    }
  }

  expired(_id: number, session: Session<Context>): Reply {
    return this.#options.closer.expired(session)
  }

  closed(id: number, error: Error | undefined, session: Session<Context>): Action | void {
    const opened = session.phase !== Phase.Opening
    session.closes()
    session.compression?.close()
    this.#options.closed(session)
    if (!opened) return
    const { closing, context } = session
    const code = closing?.code ?? CloseCode.Abnormal
    let action: Action | void
    try {
      for (const token of session.tokens ?? []) this.#lost(session, token)
    } finally {
      session.phase = Phase.Gone
      action = this.#handlers.closed?.(id, code, closing?.reason ?? '', session.error ?? error, context)
    }
    return action
  }

  /** Reports that the messages with a token were discarded. */
  #lost({ id, context }: Session<Context>, token: unknown): void {
    const error = new RevioError('EPIPE', `connection ${id}: accepted no more messages`)
    this.#handlers.sent?.(id, token, error, context)
  }

  #take(session: Session<Context>, input: Buffer | null): Pending {
    const opening = session.phase === Phase.Opening ? this.#open(session) : undefined
    if (input === null || session.phase === Phase.Closed) return opening
    session.heard = true
    if (opening === undefined && !session.paused) return this.#read(session, input)
    this.#handBack(session, input)
    return opening
  }

  #open(session: Session<Context>): Pending {
    const { settings, closer, opened } = this.#options
    const { id, request, context } = session
    session.phase = Phase.Open
    session.request = undefined
    // Overrides the options that HTTP has set.
    const own = { halfOpen: false, readTimeout: 0, idleTimeout: 0, reuseInputBuffer: false }
    this.#outgoing.server?.configure(id, { ...own, ...settings.passed })
    closer.watch(session)
    opened(session)
    if (this.#handlers.opened === undefined || request === undefined) return undefined
    this.#running = 'opened'
    return this.#replied(session, this.#handlers.opened(id, request, context))
  }

  /** Reads messages until the input is used, the connection closes, or it must wait. */
  #read(session: Session<Context>, input: Buffer): Pending {
    const reader = session.reader ?? session.readers.take()
    let pending: Pending
    reader.begin(input)
    try {
      for (;;) {
        const received = reader.next()
        if (received === Received.More) break
        pending =
          received === Received.Message
            ? this.#message(session, reader)
            : this.#control(session, reader, received)
        if (pending !== undefined || session.paused || isOver(session)) break
        if (this.#outgoing.much && this.#isFull(session)) break
      }
    } finally {
      const rest = reader.done()
      session.reader = session.readers.give(reader)
      if (rest < input.length && !isOver(session)) this.#handBack(session, input.subarray(rest))
    }
    return pending
  }

  /** Returns unread input to the loop, which delivers it again once the connection reads. */
  #handBack(session: Session<Context>, input: Buffer): void {
    // If the program resumed the loop's connection instead, the same input would come back at once, for ever.
    const paused = session.paused ? { paused: true } : {}
    this.#outgoing.server?.configure(session.id, protocol(this, session, { input, ...paused }))
  }

  /** Too much output is unsent to read further messages. */
  #isFull(session: Session<Context>): boolean {
    this.#outgoing.flush()
    return this.#outgoing.pending(session) > this.#options.settings.highWaterMark
  }

  #message(session: Session<Context>, reader: MessageReader): Pending {
    if (this.#handlers.message === undefined || session.phase !== Phase.Open) return undefined
    if (reader.compressed) return this.#inflate(session, reader)
    const { bytes, start, end, binary } = reader
    const data = binary
      ? bytes.subarray(start, end)
      : bytes.toString(reader.ascii ? 'latin1' : 'utf8', start, end)
    return this.#deliver(session, data, binary)
  }

  #deliver(session: Session<Context>, data: string | Buffer, binary: boolean): Pending {
    this.#running = 'message'
    return this.#replied(session, this.#handlers.message?.(session.id, data, binary, session.context))
  }

  async #inflate(session: Session<Context>, reader: MessageReader): Promise<Reply> {
    const { compression } = session
    const { bytes, start, end, binary } = reader
    session.busy = true
    // A copy, because zlib works in another thread and the loop reuses the input's memory.
    const payload = Buffer.from(bytes.subarray(start, end))
    const inflated = await compression?.inflate(payload, binary, this.#options.settings.maxMessage)
    session.busy = false
    if (inflated === undefined || session.phase !== Phase.Open) return
    if ('message' in inflated) this.#options.closer.refuse(session, inflated)
    else {
      try {
        const pending = this.#deliver(session, binary ? inflated : inflated.toString(), binary)
        if (pending !== undefined) return pending
      } catch (thrown) {
        this.#options.closer.threw(session)
        throw thrown
      }
    }
    return taken(session, undefined)
  }

  #control(session: Session<Context>, reader: MessageReader, received: Received): Pending {
    const { closer, settings } = this.#options
    const { id, context } = session
    if (received === Received.Bad) {
      if (reader.violation !== undefined) closer.refuse(session, reader.violation)
      return undefined
    }
    const payload = reader.bytes.subarray(reader.start, reader.end)
    if (received === Received.Close) {
      closer.received(session, payload)
      return undefined
    }
    if (session.phase !== Phase.Open) return undefined
    const { server } = this.#outgoing
    if (server !== undefined && !session.countPing(server, settings.maxPings)) {
      const message = `more pings and pongs within a second than maxPings, ${settings.maxPings}`
      closer.refuse(session, { code: CloseCode.PolicyViolation, message })
      return undefined
    }
    if (received === Received.Ping) this.#outgoing.control(session, Opcode.Pong, payload)
    const handler = received === Received.Ping ? 'ping' : 'pong'
    this.#running = handler
    return this.#replied(session, this.#handlers[handler]?.(id, payload, context))
  }

  #replied(session: Session<Context>, reply: MessageReply | Promise<MessageReply>): Pending {
    if (reply === undefined) return undefined
    if (isPromiseLike(reply)) return this.#promised(session, reply)
    this.#apply(session, reply)
    return undefined
  }

  async #promised(session: Session<Context>, promise: PromiseLike<MessageReply>): Promise<Reply> {
    const running = this.#running
    session.busy = true
    try {
      const reply = await promise
      if (reply !== undefined) this.#apply(session, reply)
    } catch (thrown) {
      this.#running = running
      this.#options.closer.threw(session)
      throw thrown
    } finally {
      session.busy = false
      session.heard = true
    }
    return taken(session, undefined)
  }

  #apply(session: Session<Context>, reply: Exclude<MessageReply, void>): void {
    if (!Array.isArray(reply)) {
      const message = `${this.#running} returned ${kindOf(reply)}: expected nothing or [out, action, token]`
      throw new RevioError('ERR_REPLY', message)
    }
    const [messages, action, token] = reply
    const out = messages as Messages
    const empty = out === undefined || out === null
    const open = session.phase === Phase.Open
    if (token !== undefined && session.phase !== Phase.Gone) session.hold(token)
    if (!empty && open) this.#send(session, out)
    if (token !== undefined && (open || empty)) this.#outgoing.track(session, token)
    if (action !== undefined) this.#options.act(session, action)
  }

  #send(session: Session<Context>, out: Exclude<Messages, null | undefined>): void {
    if (!Array.isArray(out)) this.#outgoing.message(session, out as Data)
    else for (const data of out as readonly Data[]) this.#outgoing.message(session, data)
  }
}

/** Nothing more is delivered: the connection closes or is reset, or the loop shuts down. */
function isOver<Context>({ phase, action }: Session<Context>): boolean {
  return phase >= Phase.Closed || action !== Action.None
}

/** The reply for the loop after the input was read. */
function taken<Context>(session: Session<Context>, out: Out): Reply {
  const { action } = session
  if (action === Action.None) return out === undefined ? undefined : [out]
  session.action = Action.None
  return [out, action]
}
