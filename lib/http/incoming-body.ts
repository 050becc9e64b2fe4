import { Buffer } from 'node:buffer'
import { RevioError } from '../errors.js'

const EMPTY = Buffer.alloc(0)

/** Bytes of a body that wait for the program before reading from the peer pauses. */
const HIGH_WATER_MARK = 256 * 1024

/** Receives a body's events. */
export interface BodyOwner {
  /** The program reads the body, so the peer may get `100 Continue`. */
  bodyWanted(): void
  /** The program has read all that had arrived, so reading can resume. */
  bodyDrained(): void
}

/** The body of a request as it arrives. */
export class IncomingBody implements AsyncIterable<Buffer> {
  readonly #owner: BodyOwner
  #pieces: Buffer[] = []
  /** The size of `#pieces` in bytes. */
  #waiting = 0
  #ended = false
  #discards = false
  #read = false
  #failure: Error | undefined
  #wake: (() => void) | undefined
  /** Bytes received. */
  size = 0
  /** The peer waits for `100 Continue`, which has not been sent. */
  expected: boolean
  /** The body is delivered piece by piece, to a request in progress. */
  readonly streams: boolean
  /** The lines of the trailers. */
  trailers = ''
  #inName = false

  constructor(owner: BodyOwner, { expected, streams }: { expected: boolean; streams: boolean }) {
    this.#owner = owner
    this.expected = expected
    this.streams = streams
  }

  /** The whole body has arrived. */
  get ended(): boolean {
    return this.#ended
  }

  /** Reading should pause: the program has not read what has arrived. */
  get full(): boolean {
    return this.#waiting > HIGH_WATER_MARK
  }

  push(bytes: Buffer): void {
    this.size += bytes.length
    if (this.#discards) return
    this.#waiting += bytes.length
    this.#pieces.push(bytes)
    this.#notify()
  }

  /** Adds to a trailer's name. Returns true if a new trailer begins. */
  trailerName(text: string): boolean {
    const begins = !this.#inName
    if (begins && this.trailers !== '') this.trailers += '\r\n'
    this.#inName = true
    this.trailers += text
    return begins
  }

  /** Adds to the trailer's value. */
  trailerValue(text: string): void {
    if (this.#inName) this.trailers += ':'
    this.#inName = false
    this.trailers += text
  }

  end(): void {
    if (this.trailers !== '') this.trailers += '\r\n'
    this.#ended = true
    this.#notify()
  }

  /** The rest will not arrive. */
  fail(error: Error): void {
    if (this.#ended) return
    this.#failure ??= error
    this.#notify()
  }

  /** Discards the body, including what is still to arrive. */
  discard(): void {
    this.#discards = true
    this.#pieces = []
    this.#waiting = 0
  }

  /**
   * The whole body in one piece.
   *
   * @throws `ERR_UNSUPPORTED` if it is delivered piece by piece.
   */
  whole(): Buffer {
    if (this.streams) {
      throw new RevioError(
        'ERR_UNSUPPORTED',
        "with the option bodies: 'stream' a body is read from req.stream",
      )
    }
    const [first = EMPTY, ...others] = this.#pieces
    if (others.length === 0) return first
    const whole = Buffer.concat(this.#pieces)
    this.#pieces = [whole]
    return whole
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    if (this.#read) throw new RevioError('ERR_UNSUPPORTED', 'a body can be iterated over once')
    this.#read = true
    this.#owner.bodyWanted()
    return {
      next: () => this.#next(),
      return: async () => {
        this.discard()
        this.#owner.bodyDrained()
        return { done: true, value: undefined }
      },
    }
  }

  async #next(): Promise<IteratorResult<Buffer>> {
    for (;;) {
      const value = this.#pieces.shift()
      if (value !== undefined) {
        this.#waiting -= value.length
        if (this.#pieces.length === 0) this.#owner.bodyDrained()
        return { done: false, value }
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#ended || this.#discards) return { done: true, value: undefined }
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  #notify(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
