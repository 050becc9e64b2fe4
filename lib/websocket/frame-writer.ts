import { Buffer } from 'node:buffer'
import { lengthOf } from '../bytes.js'
import { FIN, headSize, Opcode, writeHead } from './frame.js'

/** One message to send: a string as text, bytes as binary. */
export type Data = string | Uint8Array

/** The size of the block that collects frames. */
const BLOCK = 64 * 1024
/** Encoding a string up to this length in a loop costs less than measuring and encoding it by calls. */
const SHORT = 32
/** The longest head that this side writes. */
const HEAD = 10

/**
 * Writes frames one after another into a block, which it reuses once they have been taken. A frame that exceeds the
 * block gets its own memory.
 */
export class FrameWriter {
  readonly #block = Buffer.allocUnsafeSlow(BLOCK)
  #size = 0
  /** The last result: the next one usually has the same length. */
  #taken = this.#block.subarray(0, 0)

  get empty(): boolean {
    return this.#size === 0
  }

  /** The number of collected bytes. */
  get size(): number {
    return this.#size
  }

  /** Whether a message fits, whatever characters a string contains. */
  fits(data: Data): boolean {
    const most = typeof data === 'string' ? data.length * 3 : lengthOf(data)
    return most + HEAD <= BLOCK - this.#size
  }

  /** Writes a message for which `fits` is true. */
  message(data: Data): void {
    if (typeof data === 'string') this.#text(data)
    else this.frame(FIN | Opcode.Binary, data)
  }

  /** Writes a frame that fits. */
  frame(first: number, payload: Uint8Array): void {
    const length = lengthOf(payload)
    const start = writeHead(this.#block, this.#size, first, length)
    this.#block.set(payload, start)
    this.#size = start + length
  }

  /** Returns the collected bytes, which stay valid until the next write. */
  take(): Buffer {
    const size = this.#size
    this.#size = 0
    if (this.#taken.length !== size) this.#taken = this.#block.subarray(0, size)
    return this.#taken
  }

  #text(text: string): void {
    const first = FIN | Opcode.Text
    if (text.length <= SHORT && this.#ascii(text)) return
    const length = Buffer.byteLength(text)
    const start = writeHead(this.#block, this.#size, first, length)
    this.#block.write(text, start, length === text.length ? 'latin1' : 'utf8')
    this.#size = start + length
  }

  /** Writes a short ASCII string. Returns false for any other, with nothing written. */
  #ascii(text: string): boolean {
    const block = this.#block
    const { length } = text
    const start = this.#size + 2
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code >= 0x80) return false
      block[start + index] = code
    }
    writeHead(block, this.#size, FIN | Opcode.Text, length)
    this.#size = start + length
    return true
  }
}

/** Encodes a message as one frame, in its own memory. */
export function encode(data: Data): Buffer {
  if (typeof data !== 'string') return framed(FIN | Opcode.Binary, data)
  const length = Buffer.byteLength(data)
  const bytes = Buffer.allocUnsafeSlow(headSize(length) + length)
  bytes.write(data, writeHead(bytes, 0, FIN | Opcode.Text, length))
  return bytes
}

/** Encodes a frame in its own memory. */
export function framed(first: number, payload: Uint8Array): Buffer {
  const length = lengthOf(payload)
  const bytes = Buffer.allocUnsafeSlow(headSize(length) + length)
  bytes.set(payload, writeHead(bytes, 0, first, length))
  return bytes
}

/** Returns the head of a message whose payload is sent without a copy. */
export function headOf(data: Data): Buffer {
  const text = typeof data === 'string'
  const length = text ? Buffer.byteLength(data) : lengthOf(data)
  const head = Buffer.allocUnsafe(headSize(length))
  writeHead(head, 0, FIN | (text ? Opcode.Text : Opcode.Binary), length)
  return head
}
