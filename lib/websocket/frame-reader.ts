import { Buffer } from 'node:buffer'
import { CloseCode, type Violation } from './close-code.js'
import { FIN, MASKED, MAX_CONTROL, Opcode, RESERVED, RSV1 } from './frame.js'
import { Unmasker } from './mask.js'

/** The result of reading input. */
export const Parsed = {
  /** All input is used; more must arrive. */
  More: 0,
  /** The next piece of a frame's payload is unmasked, at `bytes[start, end)`. */
  Piece: 1,
  /** The peer violated the protocol, as `violation` says. No more is read. */
  Bad: 2,
} as const
export type Parsed = (typeof Parsed)[keyof typeof Parsed]

/** The longest head: two bytes, a length of eight, a key of four. */
const MAX_HEAD = 14

/** The results of `#head` for an incomplete head, and for an invalid one. */
const INCOMPLETE = 0
const INVALID = -1

/** Shared by all readers: it has no state between inputs. */
const unmasker = new Unmasker()

/**
 * Reads the masked frames of a client. Unmasks payloads in place, and returns them piece by piece. The first piece,
 * which may be empty, is returned as soon as the head is complete. Only an incomplete head is copied.
 */
export class FrameReader {
  opcode: number = Opcode.Continuation
  fin = false
  rsv1 = false
  /** The length of the frame's payload in bytes. */
  length = 0
  /** Whether this piece is the frame's first, and its last. */
  first = false
  last = false
  /** Whether all bytes of this piece are ASCII. */
  ascii = false
  bytes: Buffer
  start = 0
  end = 0
  violation: Violation | undefined
  #at = 0
  /** How many bytes of the payload are still missing. */
  #left = 0
  #key = 0
  /** The beginning of an incomplete head. */
  #kept: Uint8Array | undefined
  #count = 0
  readonly #compression: boolean

  /** @param options - `compression`: frames may have the bit RSV1. */
  constructor({ compression }: { compression: boolean }) {
    this.#compression = compression
    this.bytes = NONE
  }

  /** The offset up to which the input has been returned. */
  get at(): number {
    return this.#at
  }

  begin(input: Buffer): void {
    this.bytes = input
    this.#at = 0
  }

  /** The reader has no partial frame, so another reader can continue. */
  get rests(): boolean {
    return this.#left === 0 && this.#count === 0 && this.violation === undefined
  }

  /** Drops the input, whose memory is about to be reused. */
  done(): void {
    this.bytes = NONE
    unmasker.forget()
  }

  next(): Parsed {
    if (this.violation !== undefined) return Parsed.Bad
    if (this.#left > 0) {
      if (this.#at === this.bytes.length) return Parsed.More
      return this.#piece(false)
    }
    const size = this.#count > 0 ? this.#continued() : this.#head(this.bytes, this.#at, this.bytes.length)
    if (size === INVALID) return Parsed.Bad
    if (size === INCOMPLETE) {
      this.#keep()
      return Parsed.More
    }
    this.#at += size
    this.#left = this.length
    return this.#piece(true)
  }

  #piece(first: boolean): Parsed {
    const start = this.#at
    const end = Math.min(this.bytes.length, start + this.#left)
    this.ascii = unmasker.unmask(this.bytes, start, end, this.#key, this.length - this.#left)
    this.#left -= end - start
    this.#at = end
    this.start = start
    this.end = end
    this.first = first
    this.last = this.#left === 0
    return Parsed.Piece
  }

  /** Reads a head and returns its length. Checks each part as soon as it has arrived. */
  #head(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 2) return INCOMPLETE
    const second = bytes[at + 1] as number
    const fault = this.#begins(bytes[at] as number, second)
    if (fault !== undefined) return this.#refuse(fault)
    let size = 6
    let length = second & 0x7f
    if (length === 126) {
      if (end - at < 4) return INCOMPLETE
      size = 8
      length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
      if (length <= 125) return this.#refuse(`a length of ${length} in more bytes than it needs`)
    } else if (length === 127) {
      if (end - at < 10) return INCOMPLETE
      size = 14
      const high = word(bytes, at + 2)
      if (high > 0x7fffffff) return this.#refuse('a length of more than 63 bits')
      length = high * 2 ** 32 + word(bytes, at + 6)
      if (length <= 0xffff) return this.#refuse(`a length of ${length} in more bytes than it needs`)
    }
    if (end - at < size) return INCOMPLETE
    this.length = length
    const key = at + size - 4
    this.#key =
      (bytes[key] as number) |
      ((bytes[key + 1] as number) << 8) |
      ((bytes[key + 2] as number) << 16) |
      ((bytes[key + 3] as number) << 24)
    return size
  }

  /** Reads the first two bytes. Returns what is wrong with them, if anything. */
  #begins(first: number, second: number): string | undefined {
    const opcode = first & 0x0f
    this.opcode = opcode
    this.fin = (first & FIN) !== 0
    this.rsv1 = (first & RSV1) !== 0
    if ((second & MASKED) === 0) return 'a frame without a mask'
    if ((first & RESERVED) !== 0) return 'a frame with reserved bits'
    if (opcode === Opcode.Text || opcode === Opcode.Binary) {
      return this.rsv1 && !this.#compression ? 'a compressed frame, which was not agreed on' : undefined
    }
    if (this.rsv1) return 'RSV1 in a frame that begins no message'
    if (opcode === Opcode.Continuation) return undefined
    if (opcode < Opcode.Close || opcode > Opcode.Pong) return `a frame with the unknown opcode ${opcode}`
    if (!this.fin) return 'a control frame in fragments'
    return (second & 0x7f) > MAX_CONTROL ? 'a control frame of more than 125 bytes' : undefined
  }

  #refuse(message: string): typeof INVALID {
    this.violation = { code: CloseCode.ProtocolError, message }
    return INVALID
  }

  /** Stores the beginning of a head. */
  #keep(): void {
    if (this.#count > 0 || this.#at === this.bytes.length) return
    this.#kept ??= new Uint8Array(MAX_HEAD)
    this.#kept.set(this.bytes.subarray(this.#at))
    this.#count = this.bytes.length - this.#at
    this.#at = this.bytes.length
  }

  /** Continues a stored head. Returns the same as `#head`, and has taken that size off `#at`, which the caller adds again. */
  #continued(): number {
    const kept = this.#kept as Uint8Array
    while (this.#at < this.bytes.length) {
      kept[this.#count++] = this.bytes[this.#at++] as number
      const size = this.#head(kept, 0, this.#count)
      if (size === INCOMPLETE) continue
      this.#count = 0
      if (size === INVALID) return INVALID
      this.#at -= size
      return size
    }
    return INCOMPLETE
  }
}

const NONE = Buffer.alloc(0)

function word(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  return high * 0x10000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
}
