import type { Buffer } from 'node:buffer'
import { Action } from '../action.js'
import { isBytes } from '../bytes.js'
import { asError, RevioError } from '../errors.js'
import type { Out, Sending, Server } from '../events.js'
import type { Prepared } from './compression.js'
import { FIN, Opcode } from './frame.js'
import { type Data, FrameWriter, headOf } from './frame-writer.js'
import type { Session } from './session.js'

/** How a frame goes to many: in all outboxes it is the same memory. */
const SHARED: Sending = { shared: true }
/** Gathered output that goes to the outbox before more is gathered. */
const MUCH = 48 * 1024

/**
 * Output of all connections of a loop. While the input of one is read its frames gather in a block, so that the answers to
 * many messages cost one write into the loop; all others go to the loop at once.
 */
export class Outgoing<Context> {
  server: Server | undefined
  /** Whose input is being read. */
  #reading: Session<Context> | undefined
  readonly #gathered = new FrameWriter()
  readonly #single = new FrameWriter()

  /** What goes to this connection gathers from now on. */
  begin(session: Session<Context>): void {
    this.#reading = session
  }

  /** Nothing gathers any more. Answers what has, valid until `begin`. */
  end(): Out {
    this.#reading = undefined
    return this.#gathered.empty ? undefined : this.#gathered.take()
  }

  /** Much has gathered. */
  get much(): boolean {
    return this.#gathered.size > MUCH
  }

  /** Gives what has gathered to the loop. */
  flush(): void {
    const session = this.#reading
    if (session === undefined || this.#gathered.empty) return
    this.#give(session, this.#gathered.take())
  }

  /**
   * Sends a message. False where no output can be taken any more.
   *
   * @throws `ERR_REPLY` unless it is a string or bytes.
   */
  message(session: Session<Context>, data: Data): boolean {
    checkData(data)
    const { compression } = session
    if (compression?.takes(data)) return this.#compress(session, compression.prepare(data))
    return this.#plain(session, data)
  }

  /** Sends a control frame: a pong at once, a close frame behind all messages. */
  control(session: Session<Context>, opcode: number, payload: Uint8Array): void {
    const { compression } = session
    if (opcode !== Opcode.Close || !compression?.waiting) return this.#control(session, opcode, payload)
    compression.enqueue(0, () => this.#control(session, opcode, payload))
  }

  /** Sends a frame that many connections get; its memory stays as it is. */
  shared(session: Session<Context>, frame: Buffer): boolean {
    const { compression } = session
    if (compression?.waiting) return this.#compress(session, { size: frame.length, frame: async () => frame })
    if (this.#reading === session) this.flush()
    return this.#give(session, frame, SHARED)
  }

  /** Has `sent` run for a token that the session holds, once all output before it has gone. */
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

  /** Outside of input: does now what was asked for. */
  perform(session: Session<Context>): void {
    const { action, id } = session
    if (this.#reading === session || action === Action.None) return
    session.action = Action.None
    this.server?.send(id, null, action)
  }

  /** Bytes that have not left, those that wait for zlib included. */
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

  /** Gives output to the loop. Where that had to close the connection, nothing more is read from it. */
  #give(session: Session<Context>, out: Out, then?: Sending): boolean {
    const { server } = this
    if (server === undefined) return false
    const taken = server.send(session.id, out, then)
    if (!taken && !server.configure(session.id, {})) session.closes()
    return taken
  }

  /** Sends what zlib makes of a message, behind what it still works at. */
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

  /** A message could not be compressed: what follows must not go out in its place. */
  #failed(session: Session<Context>, error: Error): void {
    session.error ??= error
    session.closes()
    this.server?.send(session.id, null, Action.Reset)
  }
}

/** @throws `ERR_REPLY` unless it is a message. */
export function checkData(data: unknown): asserts data is Data {
  if (typeof data === 'string' || isBytes(data)) return
  throw new RevioError('ERR_REPLY', `a message must be a string or a Uint8Array; received ${kind(data)}`)
}

function kind(value: unknown): string {
  return value === null ? 'null' : typeof value
}
