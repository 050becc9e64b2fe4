import { Buffer } from 'node:buffer'
import { Arguments } from './arguments.js'
import { Bytes } from './bytes.js'
import { splitWords } from './inline.js'
import { CRLF } from './wire.js'

/** The parser's result: a complete command, an incomplete one, or invalid input. */
export const Answer = { Consumed: 0, NeedMore: 1, Invalid: 2 } as const
export type Answer = (typeof Answer)[keyof typeof Answer]

/** The limits of Redis. */
const MAX_ARGUMENTS = 1024 * 1024
const MAX_BULK = 512 * 1024 * 1024
const MAX_LINE = 64 * 1024

const CR = 13
const LF = 10
const DOLLAR = 36
const ASTERISK = 42
const ZERO = 48
const SPACE = 32
const TAB = 9
const QUOTE = 34
const APOSTROPHE = 39
/** The longest spelling of a valid length. */
const MAX_DIGITS = 10

/** Memory larger than this is released after its input has been processed. The loop's own, of 1.4 MiB, is kept. */
const KEPT = 2 * 1024 * 1024

const NOTHING: Buffer = Buffer.alloc(0)

/** The result of `#number` if there is no length. */
const PARTIAL = -1
const NEGATIVE = -2
const MALFORMED = -3
const OVERLONG = -4
const UNTYPED = -5

/**
 * Finds commands in a client's input: arrays of bulk strings, and inline commands. A parser belongs to one connection
 * and remembers its position within a command, so it reads no byte twice. It allocates nothing for a length that was
 * only announced.
 *
 * ```ts
 * parser.begin(bytes)
 * while (parser.next() === Answer.Consumed) run(parser.args)
 * keep(parser.end())
 * ```
 */
export class Parser {
  /** The last command, which may have no arguments; valid until the next call. */
  args: Arguments
  /** The error for `Invalid` input, in Redis's words. */
  error = ''
  /** Arguments in the input's memory, and those of an inline command with quotes. */
  readonly #inPlace = new Arguments()
  readonly #unquoted = new Arguments()
  /** The argument of `begin` and its range in its memory, to which other positions refer too. */
  #input: Buffer = NOTHING
  #base = 0
  #end = 0
  /** The start of the current command, and the position to continue from. */
  #start = 0
  #at = 0
  /** For an incomplete array: the number of arguments read, and how many are missing. */
  #read = 0
  #left = 0
  /** The announced length of the next argument, once it has been read. */
  #length = PARTIAL
  /** The end of the line that `#number` has read. */
  #lineEnd = 0

  constructor() {
    this.args = this.#inPlace
  }

  /** Continues with these bytes: those kept before, followed by more. */
  begin(bytes: Buffer): void {
    const { buffer, byteOffset } = bytes
    // The loop reads into the same memory repeatedly; making a new view of it would take longer than parsing a
    // command.
    if (buffer !== this.#inPlace.bytes.buffer.buffer) this.#inPlace.bytes = new Bytes(Buffer.from(buffer))
    const moved = byteOffset - this.#start
    if (this.#read > 0) this.#inPlace.shift(this.#read, moved)
    this.#at += moved
    this.#start = byteOffset
    this.#base = byteOffset
    this.#end = byteOffset + bytes.length
    this.#input = bytes
  }

  /** Returns the bytes after the last complete command, to keep. */
  end(): Buffer {
    const rest = this.#start === this.#end ? NOTHING : this.#input.subarray(this.#start - this.#base)
    this.#input = NOTHING
    if (this.#inPlace.bytes.length > KEPT) this.#inPlace.bytes = new Bytes(NOTHING)
    return rest
  }

  /** Finds the next command. Must not be called again after `Invalid`. */
  next(): Answer {
    const { view } = this.#inPlace.bytes
    if (this.#left === 0) {
      const at = this.#at
      this.#start = at
      if (at === this.#end) return Answer.NeedMore
      const count = this.#number(view, at, this.#end, ASTERISK)
      if (count === UNTYPED) return this.#line()
      if (count <= 0 || count > MAX_ARGUMENTS) return this.#noArguments(count)
      this.#at = this.#lineEnd
      this.#left = count
      this.args = this.#inPlace
    }
    return this.#arguments(view, this.#inPlace, this.#end)
  }

  #arguments(view: DataView, args: Arguments, end: number): Answer {
    const count = this.#read + this.#left
    let at = this.#at
    let length = this.#length
    for (let index = this.#read; index < count; index++) {
      if (length === PARTIAL) {
        if (at === end) return this.#stop(at, index, count, PARTIAL)
        length = this.#number(view, at, end, DOLLAR)
        if (length === PARTIAL) return this.#stop(at, index, count, PARTIAL)
        if (length === UNTYPED) return this.#noBulk(at)
        if (length < 0 || length > MAX_BULK) return this.#noLength(length)
        at = this.#lineEnd
      }
      if (at + length + 2 > end) return this.#stop(at, index, count, length)
      args.set(index, at, at + length)
      at += length + 2
      length = PARTIAL
    }
    this.#at = at
    this.#start = at
    this.#read = 0
    this.#left = 0
    this.#length = PARTIAL
    args.count = count
    return Answer.Consumed
  }

  /** The rest of the command has not arrived. */
  #stop(at: number, read: number, count: number, length: number): Answer {
    this.#at = at
    this.#read = read
    this.#left = count - read
    this.#length = length
    return Answer.NeedMore
  }

  /** An inline command, as typed in telnet. */
  #line(): Answer {
    const start = this.#at - this.#base
    const newline = this.#input.indexOf(LF, start)
    const length = (newline < 0 ? this.#input.length : newline) - start
    if (length > MAX_LINE) return this.#refuse('too big inline request')
    if (newline < 0) return Answer.NeedMore
    const end = newline > start && this.#input[newline - 1] === CR ? newline - 1 : newline
    this.args = this.#inPlace
    if (!this.#words(this.#at, this.#base + end)) {
      const words = splitWords(this.#input.subarray(start, end))
      if (words === undefined) return this.#refuse('unbalanced quotes in request')
      this.#unquoted.assign(words)
      this.args = this.#unquoted
    }
    this.#at = this.#base + newline + 1
    this.#start = this.#at
    return Answer.Consumed
  }

  /** Finds words in place; returns false if there are quotes, which only `splitWords` handles. */
  #words(start: number, end: number): boolean {
    const { buffer } = this.#inPlace.bytes
    let count = 0
    let word = start
    for (let at = start; at <= end; at++) {
      const byte = at === end ? SPACE : (buffer[at] as number)
      if (byte === QUOTE || byte === APOSTROPHE || byte === 0) return false
      if (byte !== SPACE && (byte < TAB || byte > CR)) continue
      if (at > word) this.#inPlace.set(count++, word, at)
      word = at + 1
    }
    this.#inPlace.count = count
    return true
  }

  /**
   * Parses the number of the line at `view[at…]`, after the byte of its type, and sets `#lineEnd`. Returns a negative
   * result if there is none. Reads lengths of one and two digits, almost all of them, from four bytes at once.
   */
  #number(view: DataView, at: number, end: number, type: number): number {
    if (at + 5 > end) return this.#longNumber(view, at, end, type)
    const word = view.getInt32(at, true)
    const first = ((word >>> 8) & 0xff) - ZERO
    if (first >= 0 && first <= 9) {
      if ((word & ~0xff00) === ((CRLF << 16) | type)) {
        this.#lineEnd = at + 4
        return first
      }
      const second = ((word >>> 16) & 0xff) - ZERO
      if ((word & ~0xffff00) === ((CR << 24) | type) && first > 0 && second >= 0 && second <= 9) {
        this.#lineEnd = at + 5
        return first * 10 + second
      }
    }
    return this.#longNumber(view, at, end, type)
  }

  /** The same for any number of digits. */
  #longNumber(view: DataView, at: number, end: number, type: number): number {
    if (view.getUint8(at) !== type) return UNTYPED
    const first = at + 1
    let value = 0
    for (let next = first; next < end; next++) {
      const digit = view.getUint8(next) - ZERO
      if (digit < 0 || digit > 9 || next - first === MAX_DIGITS || (value === 0 && next > first)) {
        if (digit !== CR - ZERO || next === first) return this.#noNumber(first)
        if (next + 1 === end) return PARTIAL
        this.#lineEnd = next + 2
        return value
      }
      value = value * 10 + digit
    }
    return this.#noNumber(first)
  }

  /** Finds out why a line does not begin with a plain number. */
  #noNumber(at: number): number {
    const start = at - this.#base
    const end = this.#input.indexOf(CR, start)
    if ((end < 0 ? this.#input.length : end) - start > MAX_LINE) return OVERLONG
    if (end < 0 || end + 1 === this.#input.length) return PARTIAL
    this.#lineEnd = this.#base + end + 2
    return /^-[1-9]\d{0,8}$/.test(this.#input.toString('latin1', start, end)) ? NEGATIVE : MALFORMED
  }

  #noArguments(count: number): Answer {
    if (count === PARTIAL) return Answer.NeedMore
    if (count === OVERLONG) return this.#refuse('too big mbulk count string')
    if (count === MALFORMED || count > 0) return this.#refuse('invalid multibulk length')
    this.#at = this.#lineEnd
    this.#start = this.#at
    this.args = this.#inPlace
    this.args.count = 0
    return Answer.Consumed
  }

  #noLength(length: number): Answer {
    return this.#refuse(length === OVERLONG ? 'too big bulk count string' : 'invalid bulk length')
  }

  #noBulk(at: number): Answer {
    return this.#refuse(`expected '$', got '${String.fromCharCode(this.#input[at - this.#base] as number)}'`)
  }

  #refuse(what: string): Answer {
    this.error = `Protocol error: ${what}`
    return Answer.Invalid
  }
}
