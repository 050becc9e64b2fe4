import { Buffer } from 'node:buffer'
import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import type { Reply } from '../events.js'
import { CloseCode, closePayload, readClosing, type Violation } from './close-code.js'
import { MAX_CONTROL, Opcode } from './frame.js'
import type { Settings } from './options.js'
import type { Outgoing } from './outgoing.js'
import { Phase, type Session } from './session.js'

/** Ends connections: close frames, pings and their timeouts. */
export class Closer<Context> {
  readonly #outgoing: Outgoing<Context>
  readonly #settings: Settings

  constructor(outgoing: Outgoing<Context>, settings: Settings) {
    this.#outgoing = outgoing
    this.#settings = settings
  }

  /**
   * Starts the closing handshake, and reads again if the program paused: the answer must be seen. Returns false if the
   * connection is not open.
   *
   * @throws `ERR_OPTION` for a code or a reason that can't be sent.
   */
  begin(session: Session<Context>, code: number | undefined, reason: string | undefined): boolean {
    const payload = closePayload(code, reason)
    if (session.phase !== Phase.Open) return false
    session.phase = Phase.Closing
    session.unsent = Number.POSITIVE_INFINITY
    this.#outgoing.control(session, Opcode.Close, payload)
    const { server } = this.#outgoing
    server?.deadline(session.id, this.#settings.closeTimeout)
    const { paused } = session
    session.paused = false
    if (paused) server?.resume(session.id)
    return true
  }

  /** The peer sent a close frame: answers it, unless it is itself the answer. */
  received(session: Session<Context>, payload: Buffer): void {
    const closing = readClosing(payload)
    if ('message' in closing) return this.refuse(session, closing)
    session.closing = closing
    const answers = session.phase === Phase.Open
    session.closes()
    if (answers) this.#outgoing.control(session, Opcode.Close, payload.subarray(0, 2))
    this.#end(session)
  }

  /** The peer violated the protocol. */
  refuse(session: Session<Context>, { code, message }: Violation): void {
    session.error = new RevioError('ERR_WEBSOCKET', `connection ${session.id}: ${message}`)
    this.#fail(session, code, message)
    this.#end(session)
  }

  /** A handler threw: the loop closes the connection after the close frame. */
  threw(session: Session<Context>): void {
    this.#fail(session, CloseCode.InternalError, '')
  }

  /** Sets the time after which a silent peer gets a ping. */
  watch({ id }: Session<Context>): void {
    const { pingInterval } = this.#settings
    this.#outgoing.server?.deadline(id, pingInterval > 0 ? pingInterval : Number.POSITIVE_INFINITY)
  }

  /** A timeout has passed. */
  expired(session: Session<Context>): Reply {
    if (session.phase === Phase.Closing) return this.#unanswered(session)
    if (session.phase !== Phase.Open) return
    const { pongTimeout } = this.#settings
    if (session.heard || this.#isUnread(session)) {
      session.heard = false
      session.awaitsPong = false
      return this.watch(session)
    }
    if (session.awaitsPong) {
      const message = `connection ${session.id}: no answer to a ping within ${pongTimeout} ms`
      session.error = new RevioError('ETIMEDOUT', message)
      session.closes()
      return [null, Action.Reset]
    }
    session.awaitsPong = true
    this.#outgoing.control(session, Opcode.Ping, EMPTY)
    this.#outgoing.server?.deadline(session.id, pongTimeout)
  }

  /** The connection is not being read, so a missing pong does not mean that the peer is silent. */
  #isUnread(session: Session<Context>): boolean {
    return session.busy || session.paused || this.#outgoing.pending(session) > this.#settings.highWaterMark
  }

  /** The close frame was not answered in time. A peer that is still reading pending output gets the same time again. */
  #unanswered(session: Session<Context>): Reply {
    const { server } = this.#outgoing
    const { closeTimeout } = this.#settings
    const unsent = this.#outgoing.pending(session)
    if (unsent > 0 && unsent < session.unsent) {
      session.unsent = unsent
      server?.deadline(session.id, closeTimeout)
      return
    }
    const message = `connection ${session.id}: no answer to a close frame within ${closeTimeout} ms`
    session.error = new RevioError('ETIMEDOUT', message)
    session.closes()
    return [null, unsent > 0 ? Action.Reset : Action.Close]
  }

  #fail(session: Session<Context>, code: number, message: string): void {
    const open = session.phase === Phase.Open
    session.closes()
    if (!open) return
    const reason = Buffer.from(message)
      .subarray(0, MAX_CONTROL - 2)
      .toString()
    session.closing = { code, reason }
    this.#outgoing.control(session, Opcode.Close, closePayload(code, reason))
  }

  /** Closes TCP after all pending output, including what zlib is still compressing. */
  #end(session: Session<Context>): void {
    const { compression, id } = session
    if (!compression?.waiting) session.action = Action.Close
    else compression.enqueue(0, () => void this.#outgoing.server?.send(id, null, Action.Close))
  }
}

const EMPTY = Buffer.alloc(0)
