import { Buffer, isUtf8 } from 'node:buffer'
import { CloseCode, type Violation } from './close-code.js'
import { Opcode } from './frame.js'
import { FrameReader, Parsed } from './frame-reader.js'
import { Utf8Checker } from './utf8.js'

/** The result of `next`. */
export const Received = {
  /** More input must arrive. */
  More: 0,
  Message: 1,
  Ping: 2,
  Pong: 3,
  Close: 4,
  /** The peer violated the protocol or exceeded a limit: see `violation`. */
  Bad: 5,
} as const
export type Received = (typeof Received)[keyof typeof Received]

export interface ReaderOptions {
  /** The largest message in bytes. */
  readonly maxMessage: number
  /** The most frames of a message. */
  readonly maxFragments: number
  /** permessage-deflate was negotiated. */
  readonly compression: boolean
}

/** A message of which some frames are missing. */
interface Assembly {
  readonly opcode: number
  readonly compressed: boolean
  readonly checker: Utf8Checker | undefined
  readonly bytes: Gathered
  fragments: number
  ascii: boolean
}

/**
 * Reads messages and control frames. The result is at `bytes[start, end)`: in the input, without a copy, if it arrived
 * in one piece; otherwise in new memory.
 */
export class MessageReader {
  bytes: Buffer = NONE
  start = 0
  end = 0
  /** Whether the message is binary or text. Compressed text has not been validated. */
  binary = false
  compressed = false
  /** Whether the text is ASCII. */
  ascii = false
  violation: Violation | undefined
  readonly #frames: FrameReader
  readonly #options: ReaderOptions
  #assembly: Assembly | undefined
  #control: Gathered | undefined

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#frames = new FrameReader(options)
  }

  begin(input: Buffer): void {
    this.#frames.begin(input)
  }

  /** Drops the input, whose memory is about to be reused. Returns how much of it was read. */
  done(): number {
    const { at } = this.#frames
    this.#frames.done()
    this.bytes = NONE
    return at
  }

  /** No message has begun, so another reader can continue. */
  get rests(): boolean {
    const begun = this.#assembly !== undefined || this.#control !== undefined
    return !begun && this.violation === undefined && this.#frames.rests
  }

  next(): Received {
    const frames = this.#frames
    for (;;) {
      const parsed = frames.next()
      if (parsed === Parsed.More) return Received.More
      if (parsed === Parsed.Bad) return this.#broke(frames.violation)
      const received = frames.opcode >= Opcode.Close ? this.#controlPiece() : this.#dataPiece()
      if (received !== Received.More) return received
    }
  }

  #controlPiece(): Received {
    const frames = this.#frames
    if (frames.first && frames.last) this.#found(frames.bytes, frames.start, frames.end)
    else {
      this.#control ??= new Gathered()
      this.#control.push(frames.bytes, frames.start, frames.end)
      if (!frames.last) return Received.More
      this.#found(this.#control.bytes, 0, this.#control.size)
      this.#control = undefined
    }
    if (frames.opcode === Opcode.Ping) return Received.Ping
    return frames.opcode === Opcode.Pong ? Received.Pong : Received.Close
  }

  #dataPiece(): Received {
    const frames = this.#frames
    if (frames.first) {
      const violation = this.#outOfPlace(frames)
      if (violation !== undefined) return this.#broke(violation)
      if (frames.last && frames.fin && this.#assembly === undefined) return this.#whole()
      this.#assembly ??= assembly(frames)
      this.#assembly.fragments++
    }
    return this.#gather(this.#assembly as Assembly)
  }

  /** Returns a message that arrived in one piece. */
  #whole(): Received {
    const { opcode, bytes, start, end, rsv1, ascii } = this.#frames
    this.binary = opcode === Opcode.Binary
    this.compressed = rsv1
    this.ascii = ascii
    if (!ascii && !rsv1 && opcode === Opcode.Text && !isUtf8(bytes.subarray(start, end)))
      return this.#notText()
    this.#found(bytes, start, end)
    return Received.Message
  }

  #gather(message: Assembly): Received {
    const { bytes, start, end, ascii, fin, last } = this.#frames
    const { checker } = message
    message.bytes.push(bytes, start, end)
    message.ascii &&= ascii
    if (checker?.push(bytes.subarray(start, end)) === false) return this.#notText()
    if (!fin || !last) return Received.More
    if (checker?.end() === false) return this.#notText()
    this.#assembly = undefined
    this.binary = message.opcode === Opcode.Binary
    this.compressed = message.compressed
    this.ascii = message.ascii
    this.#found(message.bytes.bytes, 0, message.bytes.size)
    return Received.Message
  }

  /** Why a frame with this head is not allowed at this point. */
  #outOfPlace({ opcode, length }: FrameReader): Violation | undefined {
    const { maxMessage, maxFragments } = this.#options
    const message = this.#assembly
    if (opcode === Opcode.Continuation && message === undefined) {
      return { code: CloseCode.ProtocolError, message: 'a continuation of no message' }
    }
    if (opcode !== Opcode.Continuation && message !== undefined) {
      return { code: CloseCode.ProtocolError, message: 'a message inside another one' }
    }
    const size = length + (message?.bytes.size ?? 0)
    if (size > maxMessage) {
      return {
        code: CloseCode.TooBig,
        message: `a message of at least ${size} bytes is longer than maxMessage, ${maxMessage}`,
      }
    }
    if (message === undefined || message.fragments < maxFragments) return undefined
    return {
      code: CloseCode.PolicyViolation,
      message: `a message of more fragments than maxFragments, ${maxFragments}`,
    }
  }

  #found(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  #notText(): Received {
    return this.#broke({ code: CloseCode.InvalidPayload, message: 'a text message is not UTF-8' })
  }

  #broke(violation: Violation | undefined): Received {
    this.violation ??= violation
    this.#assembly = undefined
    return Received.Bad
  }
}

function assembly({ opcode, rsv1 }: FrameReader): Assembly {
  const checked = opcode === Opcode.Text && !rsv1
  const checker = checked ? new Utf8Checker() : undefined
  return { opcode, compressed: rsv1, checker, bytes: new Gathered(), fragments: 0, ascii: true }
}

/** Concatenates pieces. Grows with the bytes received, and never by an announced length. */
class Gathered {
  bytes: Buffer = NONE
  size = 0

  push(from: Buffer, start: number, end: number): void {
    const size = this.size + end - start
    if (size > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.bytes.length))
      grown.set(this.bytes.subarray(0, this.size))
      this.bytes = grown
    }
    from.copy(this.bytes, this.size, start, end)
    this.size = size
  }
}

const NONE = Buffer.alloc(0)
