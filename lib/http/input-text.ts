import type { Buffer } from 'node:buffer'
import { latin1 } from './latin1.js'

/** Input is looked at as text in pieces of so many bytes: it may hold bodies as well. */
const WINDOW = 8 * 1024

/** A piece of input as text, out of which heads are cut: one text for many costs less than one for each. */
export class InputText {
  #input: Buffer | undefined
  #text = ''
  #start = 0

  /** Looks at the input from `start` on. */
  open(input: Buffer, start: number): void {
    this.#input = input
    this.#text = latin1(input, start, Math.min(input.length, start + WINDOW))
    this.#start = start
  }

  /** The memory is about to hold something else. */
  close(): void {
    this.#input = undefined
    this.#text = ''
  }

  /** Whether `text` lies in the input at `from`; false as well where the window does not reach so far. */
  has(text: string, from: number): boolean {
    const at = from - this.#start
    return this.#text.slice(at, at + text.length) === text
  }

  /** The window ends before `end`. */
  ends(end: number): boolean {
    return end > this.#start + this.#text.length
  }

  /** The text of a part of `bytes`, which may be the input. */
  cut(bytes: Buffer, from: number, to: number): string {
    if (bytes !== this.#input || from < this.#start || this.ends(to)) return latin1(bytes, from, to)
    return this.#text.slice(from - this.#start, to - this.#start)
  }
}
