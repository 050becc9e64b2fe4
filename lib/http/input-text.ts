import type { Buffer } from 'node:buffer'
import { latin1 } from './latin1.js'

/** Decodes at most this many bytes of input at once, because input may also contain bodies. */
const WINDOW = 8 * 1024

/**
 * A window of the input as text, from which heads are cut: one decoded text for many heads costs less than one for
 * each.
 */
export class InputText {
  #input: Buffer | undefined
  #text = ''
  #start = 0

  /** Opens a window that starts at `start`. */
  open(input: Buffer, start: number): void {
    this.#input = input
    this.#text = latin1(input, start, Math.min(input.length, start + WINDOW))
    this.#start = start
  }

  /** The input's memory is about to be reused. */
  close(): void {
    this.#input = undefined
    this.#text = ''
  }

  /** Whether the input contains `text` at `from`; also false if the window does not reach that far. */
  has(text: string, from: number): boolean {
    const at = from - this.#start
    return this.#text.slice(at, at + text.length) === text
  }

  /** The window ends before `end`. */
  ends(end: number): boolean {
    return end > this.#start + this.#text.length
  }

  /** Returns part of `bytes` as text. `bytes` may be the input. */
  cut(bytes: Buffer, from: number, to: number): string {
    if (bytes !== this.#input || from < this.#start || this.ends(to)) return latin1(bytes, from, to)
    return this.#text.slice(from - this.#start, to - this.#start)
  }
}
