import { Buffer } from 'node:buffer'
import { Arguments } from './arguments.js'
import { Bytes } from './bytes.js'
import { splitWords } from './inline.js'

/** What the parser found: a whole command, the beginning of one, or what can never become one. */
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
/** No length within the limits has more. */
const MAX_DIGITS = 10

/** What `#number` answers where there is no length to answer. */
const PARTIAL = -1
const NEGATIVE = -2
const MALFORMED = -3
const OVERLONG = -4

/**
 * Finds commands in what a client sends: arrays of bulk strings, and lines of words. A parser follows one connection and
 * remembers where in a command it stopped, so no byte is looked at twice; nothing is allocated for a length that was
 * only announced.
 *
 * ```ts
 * parser.begin(bytes)
 * while (parser.next() === Answer.Consumed) run(parser.args)
 * keep(bytes.subarray(parser.consumed))
 * ```
 */
export class Parser {
  /** The command that was found last, which may be one of no arguments; good until the next call. */
  readonly args = new Arguments()
  /** What is wrong with input that is `Invalid`, in Redis's words. */
  error = ''
  #input = new Bytes(Buffer.alloc(0))
  /** Where the command begins that is being read, and where to go on reading it. */
  #start = 0
  #at = 0
  /** Of an array: how many arguments have been read, and how many more there are. */
  #read = 0
  #left = 0
  /** The announced length of the argument that is being read. */
  #length = PARTIAL
  /** Where the line ends that `#number` has read. */
  #lineEnd = 0

  /** How many bytes belong to commands that were found: what is behind them is to be kept. */
  get consumed(): number {
    return this.#start
  }

  /** Goes on with these bytes: those that were kept, and more behind them. */
  begin(bytes: Buffer): void {
    this.#input = new Bytes(bytes)
    this.args.bytes = this.#input
    if (this.#start === 0) return
    if (this.#read > 0) this.args.shift(this.#read, this.#start)
    this.#at -= this.#start
    this.#start = 0
  }

  /** Looks for the next command. Once it has answered `Invalid` it is not to be asked again. */
  next(): Answer {
    const { view } = this.#input
    if (this.#left === 0) {
      this.#start = this.#at
      if (this.#at === view.byteLength) return Answer.NeedMore
      if (view.getUint8(this.#at) !== ASTERISK) return this.#line()
      const count = this.#number(view, this.#at + 1)
      if (count <= 0 || count > MAX_ARGUMENTS) return this.#noArguments(count)
      this.#at = this.#lineEnd
      this.#read = 0
      this.#left = count
      this.args.bytes = this.#input
    }
    return this.#arguments(view)
  }

  #arguments(view: DataView): Answer {
    let at = this.#at
    while (this.#left > 0) {
      let length = this.#length
      if (length === PARTIAL) {
        if (at === view.byteLength) return this.#stop(at)
        if (view.getUint8(at) !== DOLLAR) return this.#noBulk(at)
        length = this.#number(view, at + 1)
        if (length < 0 || length > MAX_BULK) return this.#noLength(at, length)
        at = this.#lineEnd
      }
      const end = at + length
      if (end + 2 > view.byteLength) {
        this.#length = length
        return this.#stop(at)
      }
      this.args.set(this.#read, at, end)
      this.#length = PARTIAL
      this.#read++
      this.#left--
      at = end + 2
    }
    this.#at = at
    this.#start = at
    this.args.count = this.#read
    this.#read = 0
    return Answer.Consumed
  }

  /** A line of words, as one types them in telnet. */
  #line(): Answer {
    const { buffer } = this.#input
    const newline = buffer.indexOf(LF, this.#at)
    if (newline < 0) {
      return buffer.length - this.#at > MAX_LINE ? this.#refuse('too big inline request') : Answer.NeedMore
    }
    const end = newline > this.#at && buffer[newline - 1] === CR ? newline - 1 : newline
    this.args.bytes = this.#input
    if (!this.#words(this.#at, end)) {
      const words = splitWords(buffer.subarray(this.#at, end))
      if (words === undefined) return this.#refuse('unbalanced quotes in request')
      this.args.assign(words)
    }
    this.#at = newline + 1
    this.#start = this.#at
    return Answer.Consumed
  }

  /** Finds words where they lie; false where there are quotes, which only `splitWords` understands. */
  #words(start: number, end: number): boolean {
    const { view } = this.#input
    let count = 0
    let word = start
    for (let at = start; at <= end; at++) {
      const byte = at === end ? SPACE : view.getUint8(at)
      if (byte === QUOTE || byte === APOSTROPHE || byte === 0) return false
      if (byte !== SPACE && (byte < TAB || byte > CR)) continue
      if (at > word) this.args.set(count++, word, at)
      word = at + 1
    }
    this.args.count = count
    return true
  }

  /** The length at `view[at…]` and the end of its line in `#lineEnd`; or why there is none. */
  #number(view: DataView, at: number): number {
    const end = view.byteLength
    let value = 0
    for (let next = at; next < end; next++) {
      const digit = view.getUint8(next) - ZERO
      if (digit < 0 || digit > 9 || next - at === MAX_DIGITS || (value === 0 && next > at)) {
        if (digit !== CR - ZERO || next === at) return this.#noNumber(at)
        if (next + 1 === end) return PARTIAL
        this.#lineEnd = next + 2
        return value
      }
      value = value * 10 + digit
    }
    return this.#noNumber(at)
  }

  /** What is the matter with a line that does not begin with a plain number. */
  #noNumber(at: number): number {
    const { buffer } = this.#input
    const end = buffer.indexOf(CR, at)
    if (end < 0) return buffer.length - at > MAX_LINE ? OVERLONG : PARTIAL
    if (end + 1 === buffer.length) return PARTIAL
    this.#lineEnd = end + 2
    return /^-[1-9]\d{0,8}$/.test(buffer.toString('latin1', at, end)) ? NEGATIVE : MALFORMED
  }

  #noArguments(count: number): Answer {
    if (count === PARTIAL) return Answer.NeedMore
    if (count === OVERLONG) return this.#refuse('too big mbulk count string')
    if (count === MALFORMED || count > 0) return this.#refuse('invalid multibulk length')
    this.#at = this.#lineEnd
    this.#start = this.#at
    this.args.count = 0
    return Answer.Consumed
  }

  #noLength(at: number, length: number): Answer {
    if (length === PARTIAL) return this.#stop(at)
    return this.#refuse(length === OVERLONG ? 'too big bulk count string' : 'invalid bulk length')
  }

  #noBulk(at: number): Answer {
    return this.#refuse(`expected '$', got '${String.fromCharCode(this.#input.view.getUint8(at))}'`)
  }

  #stop(at: number): Answer {
    this.#at = at
    return Answer.NeedMore
  }

  #refuse(what: string): Answer {
    this.error = `Protocol error: ${what}`
    return Answer.Invalid
  }
}
