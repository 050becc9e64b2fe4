import type { Buffer } from 'node:buffer'
import { Action } from '../action.js'
import { isBytes } from '../bytes.js'
import { asError, RevioError } from '../errors.js'
import type { Out, Sending, Server } from '../events.js'
import { kindOf } from '../show.js'
import type { Prepared } from './compression.js'
import { FIN, Opcode } from './frame.js'
import { type Data, FrameWriter, headOf } from './frame-writer.js'
import type { Session } from './session.js'

/** A frame for many connections: their outboxes share its memory. */
const SHARED: Sending = { shared: true }
/** Collected output above this size is passed to the loop before more is collected. */
const MUCH = 48 * 1024

/**
 * The output of all connections of a loop. While one connection's input is read, its frames are collected in a block,
 * so that the replies to many messages cost one write. The frames of other connections go to the loop at once.
 */
export class Outgoing<Context> {
  server: Server | undefined
  /** The connection whose input is being read. */
  #reading: Session<Context> | undefined
  readonly #gathered = new FrameWriter()
  readonly #single = new FrameWriter()

  /** Starts collecting the output of a connection. */
  begin(session: Session<Context>): void {
    this.#reading = session
  }

  /** Stops collecting, and returns the collected output, which stays valid until `begin`. */
  end(): Out {
    this.#reading = undefined
    return this.#gathered.empty ? undefined : this.#gathered.take()
  }

  /** Much output has been collected. */
  get much(): boolean {
    return this.#gathered.size > MUCH
  }

  /** Passes the collected output to the loop. */
  flush(): void {
    const session = this.#reading
    if (session === undefined || this.#gathered.empty) return
    this.#give(session, this.#gathered.take())
  }

  /**
   * Sends a message. Returns false if the connection no longer accepts output.
   *
   * @throws `ERR_REPLY` unless it is a string or bytes.
   */
  message(session: Session<Context>, data: Data): boolean {
    checkData(data)
    const { compression } = session
    if (compression?.takes(data)) return this.#compress(session, compression.prepare(data))
    return this.#plain(session, data)
  }

  /** Sends a control frame: a pong at once, a close frame after all messages. */
  control(session: Session<Context>, opcode: number, payload: Uint8Array): void {
    const { compression } = session
    if (opcode !== Opcode.Close || !compression?.waiting) return this.#control(session, opcode, payload)
    compression.enqueue(0, () => this.#control(session, opcode, payload))
  }

  /** Sends a frame to one of many connections that share its memory. */
  shared(session: Session<Context>, frame: Buffer): boolean {
    const { compression } = session
    if (compression?.waiting) return this.#compress(session, { size: frame.length, frame: async () => frame })
    if (this.#reading === session) this.flush()
    return this.#give(session, frame, SHARED)
  }

  /** Runs `sent` for a token of the session once all output before it is written. */
  track(session: Session<Context>, token: unknown): void {
    const { compression } = session
    this.flush()
    const give = () => {
      session.letGo(token)
      if (!this.server?.send(session.id, null, { token })) session.hold(token)
    }
    if (compression?.waiting) compression.enqueue(0, give)
    else give()
  }

  /** Outside input handling: performs the requested action now. */
  perform(session: Session<Context>): void {
    const { action, id } = session
    if (this.#reading === session || action === Action.None) return
    session.action = Action.None
    this.server?.send(id, null, action)
  }

  /** Unsent bytes, including messages that wait for zlib. */
  pending({ id, compression }: Session<Context>): number {
    return (this.server?.pending(id) ?? 0) + (compression?.queued ?? 0)
  }

  #control(session: Session<Context>, opcode: number, payload: Uint8Array): void {
    const mine = this.#reading === session
    const writer = mine ? this.#gathered : this.#single
    if (!writer.fits(payload)) this.flush()
    writer.frame(FIN | opcode, payload)
    if (!mine) this.#give(session, writer.take())
  }

  #plain(session: Session<Context>, data: Data): boolean {
    const mine = this.#reading === session
    const writer = mine ? this.#gathered : this.#single
    if (mine && !writer.fits(data)) this.flush()
    if (!writer.fits(data)) return this.#give(session, [headOf(data), data])
    writer.message(data)
    return mine || this.#give(session, writer.take())
  }

  /** Passes output to the loop. If the loop then closes the connection, no more is read from it. */
  #give(session: Session<Context>, out: Out, then?: Sending): boolean {
    const { server } = this
    if (server === undefined) return false
    const taken = server.send(session.id, out, then)
    if (!taken && !server.configure(session.id, {})) session.closes()
    return taken
  }

  /** Compresses and sends a message, after those that zlib is still working on. */
  #compress(session: Session<Context>, { size, frame }: Prepared): boolean {
    this.flush()
    session.compression?.enqueue(size, async () => {
      try {
        this.#give(session, await frame())
      } catch (thrown) {
        this.#failed(session, asError(thrown, 'zlib'))
      }
    })
    return true
  }

  /** A message could not be compressed, so nothing may be sent after it. */
  #failed(session: Session<Context>, error: Error): void {
    session.error ??= error
    session.closes()
    this.server?.send(session.id, null, Action.Reset)
  }
}

/** @throws `ERR_REPLY` unless it is a message. */
export function checkData(data: unknown): asserts data is Data {
  if (typeof data === 'string' || isBytes(data)) return
  throw new RevioError('ERR_REPLY', `a message must be a string or a Uint8Array; received ${kindOf(data)}`)
}
