import type * as net from 'node:net'
import { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import { reset } from './reset.js'

/**
 * A client of node:tls that distinguishes an end with close_notify from a truncated stream, which is an error. Node's
 * own client can't if it has its own socket.
 */
export class TlsPeer {
  readonly socket: tls.TLSSocket
  readonly #raw: net.Socket
  #secured = false

  constructor(raw: net.Socket, options: tls.ConnectionOptions) {
    this.#raw = raw
    const wire = new SocketWire(raw)
    this.socket = tls.connect({ ...options, socket: wire })
    this.socket.once('secureConnect', () => {
      this.#secured = true
    })
    const push = this.socket.push.bind(this.socket)
    let ended = false
    this.socket.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk === null && !ended && wire.readableEnded) {
        this.socket.destroy(Object.assign(new Error('no close_notify'), { code: 'ECONNRESET' }))
        return false
      }
      ended ||= chunk === null
      return push(chunk, encoding)
    }
  }

  /** Sends close_notify, once there is a handshake. */
  end(): void {
    if (this.#secured) this.socket.end()
    else this.socket.once('secureConnect', () => this.socket.end())
  }

  /** In both directions; after what was sent before the handshake, which TLS could not take. */
  close(): void {
    if (this.#secured || this.socket.writableLength === 0) this.socket.destroy()
    else this.#whenSent(() => this.socket.destroy())
  }

  /** After what can be sent at once. */
  reset(): void {
    this.#whenSent(() => reset(this.#raw))
  }

  /** TLS must be ready, which takes some turns of the event loop. */
  #whenSent(run: () => void, rounds = 10): void {
    if (!this.#secured && !this.socket.destroyed) this.socket.once('secureConnect', () => this.#whenSent(run))
    else if (this.socket.writableLength === 0 || rounds === 0) run()
    else setImmediate(() => this.#whenSent(run, rounds - 1))
  }
}

/** A socket as a stream that does nothing by itself. */
class SocketWire extends Duplex {
  readonly #raw: net.Socket

  constructor(raw: net.Socket) {
    super({ allowHalfOpen: raw.allowHalfOpen })
    this.#raw = raw
    raw.on('data', bytes => {
      if (!this.push(bytes)) raw.pause()
    })
    raw.on('end', () => this.push(null))
    raw.on('error', error => this.destroy(error))
    raw.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#raw.resume()
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#raw.write(bytes, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#raw.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#raw.destroy()
    done(error)
  }
}
