import { Buffer } from 'node:buffer'
import { Action } from '../action.js'
import { copyOf } from '../bytes.js'
import { RevioError } from '../errors.js'
import type { Server } from '../events.js'
import { checkAction, checkIds, checkPublishing, checkSending, checkTopic, isCloseRequest } from './checks.js'
import { CloseCode } from './close-code.js'
import { Closer } from './closer.js'
import { Compression } from './compression.js'
import type { Agreement } from './extension.js'
import { MAX_CONTROL, Opcode } from './frame.js'
import { type Data, encode } from './frame-writer.js'
import type { CloseRequest, MessageSending, WebSocketHandlers } from './handlers.js'
import { handshake } from './handshake.js'
import type { Settings, Slow } from './options.js'
import { checkData, Outgoing } from './outgoing.js'
import { Protocol } from './protocol.js'
import { Readers } from './readers.js'
import type { UpgradeRequest } from './request.js'
import { Phase, Session } from './session.js'
import { Topics } from './topics.js'
import type { Publishing, Upgrade } from './types.js'
import { Zlib, ZlibPool } from './zlib.js'

/** The WebSocket connections of one loop, and the operations on them. */
export class Connections<Context> {
  readonly #settings: Settings
  readonly #sessions = new Map<number, Session<Context>>()
  readonly #topics = new Topics<Context>()
  readonly #outgoing = new Outgoing<Context>()
  readonly #closer: Closer<Context>
  readonly #protocol: Protocol<Context>
  readonly #pool: ZlibPool | undefined
  readonly #plain: Readers
  readonly #compressed: Readers

  constructor(handlers: WebSocketHandlers<Context>, settings: Settings) {
    const { maxMessage, maxFragments } = settings
    this.#settings = settings
    this.#plain = new Readers({ maxMessage, maxFragments, compression: false })
    this.#compressed = new Readers({ maxMessage, maxFragments, compression: true })
    this.#closer = new Closer(this.#outgoing, settings)
    this.#pool = settings.deflate === undefined ? undefined : new ZlibPool(settings.deflate)
    this.#protocol = new Protocol({
      handlers,
      settings,
      outgoing: this.#outgoing,
      closer: this.#closer,
      meet: server => this.#meet(server),
      opened: session => this.#sessions.set(session.id, session),
      closed: session => this.#closed(session),
      act: (session, action) => {
        checkAction(action)
        this.#act(session, action)
      },
    })
  }

  upgrade(id: number, request: UpgradeRequest, context: Context): Upgrade | Promise<Upgrade> {
    const answer = (found: Awaited<ReturnType<typeof handshake>>): Upgrade => {
      if (!('response' in found)) return [found]
      return [this.#protocol, this.#session(id, request, context, found.agreement), found.response]
    }
    const found = handshake(request, this.#settings)
    return found instanceof Promise ? found.then(answer) : answer(found)
  }

  get size(): number {
    return this.#sessions.size
  }

  ids(): IterableIterator<number> {
    return this.#sessions.keys()
  }

  topics(id: number): readonly string[] {
    return [...(this.#sessions.get(id)?.topics ?? [])]
  }

  subscribers(topic: string): number {
    return this.#topics.subscribers(topic).size
  }

  send(id: number, data: Data, then?: Action | CloseRequest | MessageSending): boolean {
    checkData(data)
    const { action, token } = checkSending(then)
    const session = this.#open(id)
    if (session === undefined) return false
    const sent = this.#outgoing.message(session, data)
    if (then === undefined) return sent
    if (sent && token !== undefined) {
      session.hold(token)
      this.#outgoing.track(session, token)
    }
    this.#act(session, action)
    this.#outgoing.perform(session)
    return sent
  }

  close(id: number, code?: number, reason?: string): boolean {
    const session = this.#open(id)
    return session !== undefined && this.#closer.begin(session, code ?? CloseCode.Normal, reason)
  }

  ping(id: number, payload: Data = ''): boolean {
    checkData(payload)
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : copyOf(payload)
    if (bytes.length > MAX_CONTROL) {
      throw new RevioError('ERR_OPTION', `a ping of ${bytes.length} bytes is longer than ${MAX_CONTROL}`)
    }
    const session = this.#open(id)
    if (session !== undefined) this.#outgoing.control(session, Opcode.Ping, bytes)
    return session !== undefined
  }

  pending(id: number): number {
    const session = this.#sessions.get(id)
    return session === undefined ? 0 : this.#outgoing.pending(session)
  }

  pause(id: number): boolean {
    return this.#pause(id, true)
  }

  resume(id: number): boolean {
    return this.#pause(id, false)
  }

  subscribe(id: number, topic: string): boolean {
    checkTopic(topic)
    const session = this.#open(id)
    return session !== undefined && this.#topics.add(session, topic)
  }

  unsubscribe(id: number, topic: string): boolean {
    checkTopic(topic)
    const session = this.#sessions.get(id)
    return session !== undefined && this.#topics.delete(session, topic)
  }

  publish(topic: string, data: Data, how: Publishing = {}): number {
    checkTopic(topic)
    return this.#deliver(this.#topics.subscribers(topic), data, how)
  }

  broadcast(ids: Iterable<number>, data: Data, how: Publishing = {}): number {
    checkIds(ids)
    return this.#deliver(this.#named(ids), data, how)
  }

  *#named(ids: Iterable<number>): IterableIterator<Session<Context>> {
    for (const id of ids) {
      const session = this.#sessions.get(id)
      if (session !== undefined) yield session
    }
  }

  #deliver(sessions: Iterable<Session<Context>>, data: Data, how: Publishing): number {
    checkData(data)
    const { except, slow } = checkPublishing(how)
    let frame: Buffer | undefined
    let count = 0
    for (const session of sessions) {
      if (session.id === except || session.phase !== Phase.Open) continue
      if (this.#isTooSlow(session, slow ?? this.#settings.slow)) continue
      frame ??= encode(data)
      if (this.#outgoing.shared(session, frame)) count++
    }
    return count
  }

  /** Whether to skip a connection that reads too slowly. More than `maxPending` unsent bytes close it in any case. */
  #isTooSlow(session: Session<Context>, slow: Slow): boolean {
    if (slow === 'queue' || this.#outgoing.pending(session) <= this.#settings.highWaterMark) return false
    if (slow === 'close') this.#closer.begin(session, CloseCode.TryAgainLater, 'reads too slowly')
    return true
  }

  #pause(id: number, paused: boolean): boolean {
    const session = this.#open(id)
    if (session === undefined) return false
    session.paused = paused
    session.heard = true
    const { server } = this.#outgoing
    return (paused ? server?.pause(id) : server?.resume(id)) ?? false
  }

  #open(id: number): Session<Context> | undefined {
    const session = this.#sessions.get(id)
    return session?.phase === Phase.Open ? session : undefined
  }

  #session(id: number, request: UpgradeRequest, context: Context, agreement: Agreement | undefined) {
    const session = new Session(
      id,
      context,
      request,
      agreement === undefined ? this.#plain : this.#compressed,
    )
    if (agreement !== undefined && this.#pool !== undefined) {
      session.compression = new Compression(new Zlib(this.#pool, agreement), agreement)
    }
    return session
  }

  #meet(server: Server): void {
    const { server: before } = this.#outgoing
    const over = before === undefined || (before.draining && before.connections === 0)
    if (before !== server && !over) {
      throw new RevioError('ERR_OPTION', 'these handlers serve another loop: call websocket() once for each')
    }
    this.#outgoing.server = server
  }

  #closed(session: Session<Context>): void {
    this.#topics.leave(session)
    this.#sessions.delete(session.id)
  }

  /** Performs an action that a handler returned. The loop's part follows after the current input. */
  #act(session: Session<Context>, action: unknown): void {
    if (isCloseRequest(action)) {
      const { code, reason } = action
      this.#closer.begin(session, code ?? CloseCode.Normal, reason)
    } else if (action === Action.Close || action === Action.End) {
      this.#closer.begin(session, CloseCode.Normal, undefined)
    } else if (action === Action.Reset || action === Action.Shutdown) session.action = action
  }
}
