import { Buffer } from 'node:buffer'
import * as net from 'node:net'
import { Transform, type TransformCallback, Writable } from 'node:stream'
import { RevioError } from '../../errors.js'
import { PlainSocket } from '../../layer/plain-socket.js'
import { truncationError } from '../tls-error.js'
import type { Addon, TlsCodec } from './addon.js'

type Done = (error?: Error | null) => void

const nothing = Buffer.alloc(0)
/** The plaintext of one record fits. */
const ROOM = 16 * 1024
/** Bytes of responses above which nothing is read: a peer could request key updates without end and read none. */
const MAX_UNSENT = 64 * 1024
/** The results of `tlsDecrypt` after which no plaintext follows. */
const Ended = -1
const Failed = -2

export interface DetachedOptions {
  readonly addon: Addon
  readonly codec: TlsCodec
  /** The connection's descriptor. */
  readonly fd: number
  /** Plain bytes to read first. */
  readonly unread: readonly Uint8Array[]
  readonly allowTruncation: boolean
}

/** Returns a socket of the plain bytes of a connection that has left the poller. */
export function detachedSocket({ addon, codec, fd, unread, allowTruncation }: DetachedOptions): net.Socket {
  const carrier = new net.Socket({ fd, allowHalfOpen: true, readable: true, writable: true })
  const source = new Decryption(addon, codec, carrier, allowTruncation)
  const sink = new Encryption(addon, codec, carrier)
  const pending = addon.tlsSend(codec)
  if (pending !== undefined) carrier.write(pending)
  source.begin()
  carrier.pipe(source)
  return new PlainSocket({ source, sink, carrier, unread })
}

/** Turns ciphertext into plaintext. */
class Decryption extends Transform {
  readonly #addon: Addon
  readonly #codec: TlsCodec
  /** Carries what TLS sends in response. */
  readonly #carrier: net.Socket
  readonly #allowTruncation: boolean
  #ended = false
  /** Bytes of responses that the carrier has not sent. */
  #unsent = 0
  /** Continues with the next chunk, once fewer are unsent. */
  #done: TransformCallback | undefined

  constructor(addon: Addon, codec: TlsCodec, carrier: net.Socket, allowTruncation: boolean) {
    super()
    this.#addon = addon
    this.#codec = codec
    this.#carrier = carrier
    this.#allowTruncation = allowTruncation
  }

  /** Emits what arrived before the detach: plaintext that TLS still holds, or its end. */
  begin(): void {
    const state = this.#read()
    if (state === Failed) this.destroy(this.#failure())
    else if (state === Ended) this.#end()
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    // Data after close_notify is ignored.
    if (this.#ended) return done()
    if (!this.#addon.tlsFeed(this.#codec, chunk)) return done(new RevioError('ERR_TLS', 'TLS: out of memory'))
    const state = this.#read()
    this.#respond()
    if (state === Failed) return done(this.#failure())
    if (state === Ended) this.#end()
    if (this.#unsent <= MAX_UNSENT) done()
    else this.#done = done
  }

  override _flush(done: TransformCallback): void {
    done(this.#ended || this.#allowTruncation ? null : truncationError())
  }

  /** Sends what TLS responds to the peer's control records. */
  #respond(): void {
    const response = this.#addon.tlsSend(this.#codec)
    if (response === undefined || !this.#carrier.writable) return
    this.#unsent += response.length
    this.#carrier.write(response, () => {
      this.#unsent -= response.length
      if (this.#unsent > MAX_UNSENT) return
      const done = this.#done
      this.#done = undefined
      done?.()
    })
  }

  #end(): void {
    this.#ended = true
    this.push(null)
  }

  #failure(): RevioError {
    return new RevioError('ERR_TLS', `TLS: ${this.#addon.tlsFault() || 'it failed'}`)
  }

  /** Emits the available plaintext, and returns why there is no more. */
  #read(): number {
    for (;;) {
      const room = Buffer.allocUnsafe(ROOM)
      const length = this.#addon.tlsDecrypt(this.#codec, room)
      if (length <= 0) return length
      this.push(room.subarray(0, length))
    }
  }
}

/** Writes plaintext to the connection as ciphertext, and ends with close_notify. */
class Encryption extends Writable {
  readonly #addon: Addon
  readonly #codec: TlsCodec
  readonly #carrier: net.Socket

  constructor(addon: Addon, codec: TlsCodec, carrier: net.Socket) {
    super()
    this.#addon = addon
    this.#codec = codec
    this.#carrier = carrier
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (!this.#addon.tlsEncrypt(this.#codec, chunk)) {
      return done(new RevioError('ERR_TLS', 'TLS: could not encrypt output'))
    }
    this.#carrier.write(this.#addon.tlsSend(this.#codec) ?? nothing, done)
  }

  override _final(done: Done): void {
    this.#addon.tlsEnd(this.#codec)
    this.#carrier.end(this.#addon.tlsSend(this.#codec) ?? nothing, () => done())
  }
}
