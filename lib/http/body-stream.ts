import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import type { Chunk, Out, Server } from '../events.js'
import { iteratorOf, sizeOfChunk } from './outgoing-body.js'
import type { Rest, Writer } from './writer.js'

/** Above this many unsent bytes, reading from a body pauses and no further request is served. */
const HIGH_WATER_MARK = 256 * 1024

/** A token whose promise settles when its output has been written or discarded: see `sent`. */
export class DrainToken {
  readonly left: Promise<void>
  #settle: (error?: Error) => void = () => {}

  constructor() {
    this.left = new Promise((resolve, reject) => {
      this.#settle = error => (error === undefined ? resolve() : reject(error))
    })
    this.left.catch(() => {})
  }

  sent(error: Error | undefined): void {
    this.#settle(error)
  }
}

/** A connection, as a body that is being sent uses it. */
export interface Outlet {
  readonly id: number
  readonly server: Server
  readonly writer: Writer
  /** The connection is closed. */
  readonly gone: boolean
  /** Stops the body that is being sent, because the connection is closed. */
  giveUp: (() => void) | undefined
}

/**
 * Sends a body as fast as the peer reads. Resolves to false if the connection broke meanwhile; the body has then been
 * told to stop.
 *
 * @throws what the body throws, after a reset: the peer must not mistake a partial body for a complete one.
 */
export async function sendStream(outlet: Outlet, rest: Rest): Promise<boolean> {
  const iterator = begin(outlet, rest)
  const giveUp = () => {
    if (outlet.giveUp !== giveUp) return
    outlet.giveUp = undefined
    end(iterator)
  }
  outlet.giveUp = giveUp
  try {
    const whole = await pump(outlet, rest, iterator)
    if (!whole) giveUp()
    return whole
  } catch (error) {
    if (outlet.gone) return false
    giveUp()
    outlet.server.send(outlet.id, null, Action.Reset)
    throw error
  } finally {
    outlet.giveUp = undefined
  }
}

type Pieces = ReturnType<typeof iteratorOf>

/** A stream that someone else reads, for example, throws before its first piece. */
function begin({ server, id }: Outlet, { body }: Rest): Pieces {
  try {
    return iteratorOf(body.source)
  } catch (error) {
    server.send(id, null, Action.Reset)
    throw error
  }
}

/** Lets an abandoned body clean up. No one is left to receive its errors. */
function end(iterator: Pieces): void {
  const ended = (async () => {
    await iterator.return?.()
  })()
  ended.catch(() => {})
}

async function pump(outlet: Outlet, rest: Rest, iterator: Pieces): Promise<boolean> {
  let left = rest.size ?? Number.POSITIVE_INFINITY
  for (;;) {
    const { done, value } = await iterator.next()
    if (done) break
    const size = sizeOfChunk(value)
    left -= size
    if (left < 0)
      throw new RevioError('ERR_REPLY', `http: the body has more than the ${rest.size} bytes announced`)
    if (size === 0) continue
    if (!outlet.server.send(outlet.id, rest.chunked ? chunkOf(value, size) : value)) return false
    const draining = whenDrained(outlet)
    if (draining !== undefined && !(await draining)) return false
  }
  if (rest.size !== undefined && left > 0) {
    throw new RevioError('ERR_REPLY', `http: the body has ${left} bytes less than the ${rest.size} announced`)
  }
  return !rest.chunked || outlet.server.send(outlet.id, outlet.writer.trailers(rest.trailers))
}

function chunkOf(chunk: Chunk, size: number): Out {
  const length = `${size.toString(16)}\r\n`
  return typeof chunk === 'string' ? `${length}${chunk}\r\n` : [length, chunk, '\r\n']
}

/** Waits until the peer has read most of the unsent output. Resolves to false if the connection broke meanwhile. */
export function whenDrained(outlet: Pick<Outlet, 'id' | 'server'>): Promise<boolean> | undefined {
  return outlet.server.pending(outlet.id) > HIGH_WATER_MARK ? drained(outlet) : undefined
}

async function drained({ server, id }: Pick<Outlet, 'id' | 'server'>): Promise<boolean> {
  const token = new DrainToken()
  if (!server.send(id, null, { token })) return false
  try {
    await token.left
    return true
  } catch {
    return false
  }
}
