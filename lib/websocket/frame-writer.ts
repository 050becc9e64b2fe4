import { Buffer } from 'node:buffer'
import { lengthOf } from '../bytes.js'
import { FIN, headSize, Opcode, writeHead } from './frame.js'

/** One message to send: a string goes out as text, bytes as a binary message. */
export type Data = string | Uint8Array

/** Bytes of frames that are gathered in one block. */
const BLOCK = 64 * 1024
/** Up to this length a loop over the characters of a string costs less than the calls that measure and encode it. */
const SHORT = 32
/** The longest head of this side. */
const HEAD = 10

/**
 * Writes frames one behind the other into a block that is used again once they have been taken. A frame that is too
 * long for the block lies in memory of its own.
 */
export class FrameWriter {
  readonly #block = Buffer.allocUnsafeSlow(BLOCK)
  #size = 0
  /** What was taken last: as a rule the next is as long. */
  #taken = this.#block.subarray(0, 0)

  get empty(): boolean {
    return this.#size === 0
  }

  /** How many bytes there are. */
  get size(): number {
    return this.#size
  }

  /** A message fits in behind what is there, whatever a string consists of. */
  fits(data: Data): boolean {
    const most = typeof data === 'string' ? data.length * 3 : lengthOf(data)
    return most + HEAD <= BLOCK - this.#size
  }

  /** Writes a message that `fits`. */
  message(data: Data): void {
    if (typeof data === 'string') this.#text(data)
    else this.frame(FIN | Opcode.Binary, data)
  }

  /** Writes a frame that `fits`. */
  frame(first: number, payload: Uint8Array): void {
    const length = lengthOf(payload)
    const start = writeHead(this.#block, this.#size, first, length)
    this.#block.set(payload, start)
    this.#size = start + length
  }

  /** What has been written; valid until something is written again. */
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

  /** Writes a short string that is ASCII; false, and nothing written, for any other. */
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

/** A message in one frame, in memory of its own. */
export function encode(data: Data): Buffer {
  if (typeof data !== 'string') return framed(FIN | Opcode.Binary, data)
  const length = Buffer.byteLength(data)
  const bytes = Buffer.allocUnsafeSlow(headSize(length) + length)
  bytes.write(data, writeHead(bytes, 0, FIN | Opcode.Text, length))
  return bytes
}

/** A frame in memory of its own. */
export function framed(first: number, payload: Uint8Array): Buffer {
  const length = lengthOf(payload)
  const bytes = Buffer.allocUnsafeSlow(headSize(length) + length)
  bytes.set(payload, writeHead(bytes, 0, first, length))
  return bytes
}

/** The head of a message whose payload follows from where it lies. */
export function headOf(data: Data): Buffer {
  const text = typeof data === 'string'
  const length = text ? Buffer.byteLength(data) : lengthOf(data)
  const head = Buffer.allocUnsafe(headSize(length))
  writeHead(head, 0, FIN | (text ? Opcode.Text : Opcode.Binary), length)
  return head
}
