import { Buffer, isUtf8 } from 'node:buffer'
import { copyOf, lengthOf } from '../bytes.js'
import { CloseCode, type Violation } from './close-code.js'
import type { Agreement } from './extension.js'
import { FIN, Opcode, RSV1 } from './frame.js'
import { type Data, encode, framed } from './frame-writer.js'
import { Broken, type Zlib } from './zlib.js'

/** A message that waits for zlib. */
export interface Prepared {
  /** The bytes that it occupies until then. */
  readonly size: number
  readonly frame: () => Promise<Buffer>
}

/** permessage-deflate (RFC 7692) on one connection. */
export class Compression {
  /** Bytes of messages that wait for zlib. */
  queued = 0
  readonly #zlib: Zlib
  readonly #agreement: Agreement
  /** Settles when everything queued so far is done. */
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(zlib: Zlib, agreement: Agreement) {
    this.#zlib = zlib
    this.#agreement = agreement
  }

  /** Messages wait for zlib, so later ones must wait too. */
  get waiting(): boolean {
    return this.#waiting > 0
  }

  /** The message is compressed, or must wait for one that is. */
  takes(data: Data): boolean {
    return this.waiting || this.#compresses(data)
  }

  /** Prepares a message for sending. Copies the data, which the program may then reuse. */
  prepare(data: Data): Prepared {
    if (!this.#compresses(data)) {
      const frame = encode(data)
      return { size: frame.length, frame: async () => frame }
    }
    const bytes = typeof data === 'string' ? Buffer.from(data) : copyOf(data)
    const first = FIN | RSV1 | (typeof data === 'string' ? Opcode.Text : Opcode.Binary)
    return { size: bytes.length, frame: async () => framed(first, await this.#zlib.deflate(bytes)) }
  }

  /** Runs `run` once everything before it is done. Errors end here: the connection is closed, or broken. */
  enqueue(size: number, run: () => void | Promise<void>): void {
    this.queued += size
    this.#waiting++
    this.#last = this.#last.then(run).then(
      () => this.#done(size),
      () => this.#done(size),
    )
  }

  /** Inflates a message. Returns a violation if it is invalid. */
  async inflate(payload: Buffer, binary: boolean, maxMessage: number): Promise<Buffer | Violation> {
    const bytes = await this.#zlib.inflate(payload, maxMessage)
    if (bytes === Broken.TooLong) {
      return {
        code: CloseCode.TooBig,
        message: `a message is longer, inflated, than maxMessage, ${maxMessage}`,
      }
    }
    if (bytes === Broken.Invalid)
      return { code: CloseCode.InvalidPayload, message: 'compressed data is invalid' }
    if (!binary && !isUtf8(bytes))
      return { code: CloseCode.InvalidPayload, message: 'a text message is not UTF-8' }
    return bytes
  }

  /** Frees the memory of zlib. */
  close(): void {
    this.#zlib.close()
  }

  #compresses(data: Data): boolean {
    const { threshold } = this.#agreement
    if (typeof data !== 'string') return lengthOf(data) >= threshold
    return data.length >= threshold || (data.length * 3 >= threshold && Buffer.byteLength(data) >= threshold)
  }

  #done(size: number): void {
    this.queued -= size
    this.#waiting--
  }
}
