import type * as net from 'node:net'
import { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import { reset } from './reset.js'

/**
 * A client of node:tls that can tell the end that its server has sealed from one that cut the stream off, which is an
 * error. Node's own cannot where it has a socket of its own.
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

  /** Sends close_notify, once there is somebody to whom it can be sent. */
  end(): void {
    if (this.#secured) this.socket.end()
    else this.socket.once('secureConnect', () => this.socket.end())
  }

  /** Both ways; behind what was sent before the handshake was done, as TLS could not take it. */
  close(): void {
    if (this.#secured || this.socket.writableLength === 0) this.socket.destroy()
    else this.#whenSent(() => this.socket.destroy())
  }

  /** Behind what can go at once. */
  reset(): void {
    this.#whenSent(() => reset(this.#raw))
  }

  /** TLS has to be there, and takes some turns of the event loop. */
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
