import { Buffer } from 'node:buffer'
import { Random } from '../../simulate/random.js'
import { firstWrong } from '../pattern.js'
import { type Door, decodeHeader, HEADER_SIZE, type Header } from '../wire.js'

const NOTHING = Buffer.alloc(0)

export interface SessionOptions {
  readonly id: number
  readonly door: Door
  readonly seed: number
  /** Its loop has `prewrite` and `postwrite`. */
  readonly watched: boolean
  readonly violated: (text: string) => void
}

/** What a token of `sent` covers: the bytes of a session up to `until`. */
export interface Token {
  readonly session: Session
  readonly number: number
  readonly until: number
}

/** The state of one connection: its identity, and how many of its bytes came and went. */
export class Session {
  readonly id: number
  readonly door: Door
  readonly watched: boolean
  /** Known once the header has arrived. */
  header: Header | undefined
  /** Bytes of the stream that were delivered, passed to revio or the detached socket, and written. */
  got = 0
  gave = 0
  wrote = 0
  /** The last amount of `prewrite`. */
  offered = 0
  /** All of the output has been produced. */
  hasEnded = false
  /** The peer's end was reported. */
  peerEnded = false
  /** Input belongs to the loop again after the handler. */
  borrowed = false
  /** The handler that throws next. */
  bomb: 'prewrite' | 'postwrite' | 'closed' | undefined
  /** Input to be answered later. */
  readonly queue: Buffer[] = []
  random: Random
  readonly #options: SessionOptions
  #issued = 0
  #told = 0
  #head = NOTHING

  constructor(options: SessionOptions) {
    this.id = options.id
    this.door = options.door
    this.watched = options.watched
    this.random = new Random(options.seed + options.id)
    this.#options = options
  }

  get key(): number {
    return this.header?.key ?? 0
  }

  /** For a reply: occasionally a token for `sent`. */
  token(): Token | undefined {
    return this.random.percent(20) ? this.issue() : undefined
  }

  /** A token for the output so far. */
  issue(): Token {
    return { session: this, number: ++this.#issued, until: this.gave }
  }

  /** `sent` has reported a token. */
  told(token: Token, error: Error | undefined): void {
    this.#told++
    if (token.session !== this) this.violated("sent told of another connection's token")
    if (token.number !== this.#told)
      this.violated(`sent told of token ${token.number} when it was ${this.#told}'s turn`)
    if (error === undefined && this.watched && this.wrote < token.until)
      this.violated(`sent told of ${token.until} bytes when ${this.wrote} had been written`)
  }

  /** No event follows: `sent` has reported all tokens. */
  checkTold(): void {
    if (this.#told !== this.#issued) this.violated(`sent told of ${this.#told} tokens, of ${this.#issued}`)
  }

  /** Checks input; returns the part that belongs to the stream. */
  read(input: Buffer): Buffer {
    const bytes = this.header === undefined ? this.#readHeader(input) : input
    const wrong = firstWrong(bytes, this.key, this.got)
    if (wrong >= 0) this.violated(`byte ${this.got + wrong} that was delivered is not the one that was sent`)
    this.got += bytes.length
    return bytes
  }

  /** Counts output passed to revio. */
  give<T extends Buffer | readonly Buffer[]>(out: T): T {
    const chunks: readonly Buffer[] = Buffer.isBuffer(out) ? [out] : out
    for (const { length } of chunks) this.gave += length
    return out
  }

  /** It was rejected, and so was its token. */
  retract(bytes: Buffer): void {
    this.gave -= bytes.length
    this.#issued--
  }

  /** Input for later, in separate memory. */
  keep(input: Buffer): Buffer {
    return this.borrowed ? Buffer.from(input) : input
  }

  violated(text: string): void {
    const { mode = 'nameless' } = this.header ?? {}
    this.#options.violated(`server, connection ${this.id} (${this.door}, ${mode}, key ${this.key}): ${text}`)
  }

  #readHeader(input: Buffer): Buffer {
    const all = this.#head.length === 0 ? input : Buffer.concat([this.#head, input])
    if (all.length < HEADER_SIZE) {
      this.#head = Buffer.from(all)
      return NOTHING
    }
    this.#head = NOTHING
    this.header = decodeHeader(all)
    if (this.header === undefined)
      this.violated(`its header is not one that was sent: ${all.toString('hex', 0, 9)}`)
    this.random = new Random(this.#options.seed ^ this.key)
    return all.subarray(HEADER_SIZE)
  }
}
