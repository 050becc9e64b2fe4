import { Buffer } from 'node:buffer'
import { Bytes, type Span } from './bytes.js'
import { Refusal } from './refusal.js'

const FEW = 16
/** Longer than any name of a command, subcommand or option. */
const LONGEST_WORD = 64
/** The longest string in JavaScript. */
const LONGEST_TEXT = 2 ** 29 - 25

/** How much of a longer argument an error message shows. */
const LONGEST_SHOWN = 64 * 1024

const TOO_LONG = new Refusal('ERR the argument is longer than this server reads')

/** The arguments of one command, starting with its name, as positions in the input. */
export class Arguments {
  bytes = Bytes.allocate(0)
  count = 0
  /** The start and end of each argument. */
  #spans = new Int32Array(2 * FEW)

  start(index: number): number {
    return this.#spans[2 * index] as number
  }

  end(index: number): number {
    return this.#spans[2 * index + 1] as number
  }

  length(index: number): number {
    return this.end(index) - this.start(index)
  }

  span(index: number): Span {
    return { bytes: this.bytes, start: this.start(index), end: this.end(index) }
  }

  /** Whether a JavaScript string can hold the argument. */
  isText(index: number): boolean {
    return this.length(index) <= LONGEST_TEXT
  }

  /** The argument as a string with a character for each byte (latin1). */
  text(index: number): string {
    if (!this.isText(index)) throw TOO_LONG
    return this.bytes.buffer.toString('latin1', this.start(index), this.end(index))
  }

  /** The part of an argument that an error message shows: up to a NUL, as in C. */
  shown(index: number, most = LONGEST_SHOWN): string {
    const start = this.start(index)
    const end = Math.min(this.end(index), start + most)
    const nul = this.bytes.buffer.subarray(start, end).indexOf(0)
    return this.bytes.buffer.toString('latin1', start, nul < 0 ? end : start + nul)
  }

  /** The argument in lower case, to look up a command; only its beginning if it is longer than any command's name. */
  name(index: number): string {
    const end = Math.min(this.end(index), this.start(index) + LONGEST_WORD)
    return this.bytes.buffer.toString('latin1', this.start(index), end).toLowerCase()
  }

  /** The same for names of options, which Redis reads as C strings: up to a NUL. */
  word(index: number): string {
    return this.shown(index, LONGEST_WORD).toLowerCase()
  }

  /** Whether two arguments have the same bytes. */
  same(left: number, right: number): boolean {
    const { buffer } = this.bytes
    const { start, end } = this.span(right)
    return buffer.compare(buffer, start, end, this.start(left), this.end(left)) === 0
  }

  /** A copy of the argument. */
  copy(index: number): Buffer {
    return Buffer.from(this.bytes.buffer.subarray(this.start(index), this.end(index)))
  }

  /** Sets the argument's position; the arguments before it must be set. */
  set(index: number, start: number, end: number): void {
    if (2 * index === this.#spans.length) this.#grow()
    this.#spans[2 * index] = start
    this.#spans[2 * index + 1] = end
  }

  /** Replaces the arguments. */
  assign(words: readonly Buffer[]): void {
    this.bytes = new Bytes(Buffer.concat(words))
    this.count = words.length
    let at = 0
    for (const [index, word] of words.entries()) {
      this.set(index, at, at + word.length)
      at += word.length
    }
  }

  /** Moves the positions of the first `count` arguments. */
  shift(count: number, by: number): void {
    if (by === 0) return
    for (let at = 0; at < 2 * count; at++) this.#spans[at] = (this.#spans[at] as number) + by
  }

  /** Frees space that only a long command needed. */
  clear(): void {
    if (this.#spans.length > 64 * FEW) this.#spans = new Int32Array(2 * FEW)
  }

  /** A copy of the arguments in separate memory. */
  clone(): Arguments {
    const clone = new Arguments()
    clone.assign(Array.from({ length: this.count }, (_, index) => this.copy(index)))
    return clone
  }

  /** The arguments from one on, in the same memory. */
  tail(from: number): Arguments {
    const tail = new Arguments()
    tail.bytes = this.bytes
    tail.count = this.count - from
    for (let index = 0; index < tail.count; index++) {
      tail.set(index, this.start(from + index), this.end(from + index))
    }
    return tail
  }

  /** A copy of one argument in separate memory. */
  pick(index: number): Arguments {
    const picked = new Arguments()
    picked.assign([this.copy(index)])
    return picked
  }

  #grow(): void {
    const spans = new Int32Array(2 * this.#spans.length)
    spans.set(this.#spans)
    this.#spans = spans
  }
}
