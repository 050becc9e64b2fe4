import { Buffer } from 'node:buffer'
import { RevioError } from '../errors.js'

const EMPTY = Buffer.alloc(0)

/** Bytes of a body that may wait for the program before the peer has to. */
const HIGH_WATER_MARK = 256 * 1024

/** What a body tells its connection. */
export interface BodyOwner {
  /** Somebody reads the body: a peer that waits for `100 Continue` gets it. */
  bodyWanted(): void
  /** What had come has been read: the peer need not wait any more. */
  bodyDrained(): void
}

/** The body of a request on its way in. */
export class IncomingBody implements AsyncIterable<Buffer> {
  readonly #owner: BodyOwner
  #pieces: Buffer[] = []
  /** Bytes that wait in `#pieces`. */
  #waiting = 0
  #ended = false
  #discards = false
  #read = false
  #failure: Error | undefined
  #wake: (() => void) | undefined
  /** Bytes that have come. */
  size = 0
  /** The peer asked for `100 Continue`, and nobody has sent it. */
  expected: boolean
  /** It comes piece by piece to a request that is at work. */
  readonly streams: boolean
  /** Lines of the trailers. */
  trailers = ''
  #inName = false

  constructor(owner: BodyOwner, { expected, streams }: { expected: boolean; streams: boolean }) {
    this.#owner = owner
    this.expected = expected
    this.streams = streams
  }

  /** All of it has come. */
  get ended(): boolean {
    return this.#ended
  }

  /** The peer should wait: the program has yet to read what came. */
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

  /** A trailer's name, or more of it; true where another begins. */
  trailerName(text: string): boolean {
    const begins = !this.#inName
    if (begins && this.trailers !== '') this.trailers += '\r\n'
    this.#inName = true
    this.trailers += text
    return begins
  }

  /** Its value, or more of it. */
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

  /** The rest will not come. */
  fail(error: Error): void {
    if (this.#ended) return
    this.#failure ??= error
    this.#notify()
  }

  /** What comes is not wanted any more. */
  discard(): void {
    this.#discards = true
    this.#pieces = []
    this.#waiting = 0
  }

  /**
   * All that has come, as one.
   *
   * @throws `ERR_UNSUPPORTED` where it comes piece by piece.
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
