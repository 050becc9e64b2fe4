import type { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import { Duplex } from 'node:stream'

type Done = (error?: Error | null) => void

/** What carries a wire's bytes: the loop, or a socket that the connection was detached to. */
export interface Carrier {
  write(bytes: Buffer, done: Done): void
  /** The wire has been ended, behind all of its bytes. */
  end(): void
  /** The wire has been read from. */
  hungry(): void
}

/** A connection as a stream of its bytes, for the layer that translates them. */
export class Wire extends Duplex {
  #carrier: Carrier

  constructor(carrier: Carrier) {
    super({ allowHalfOpen: true })
    this.#carrier = carrier
  }

  /** From now on a socket carries the bytes. */
  adopt(socket: net.Socket): void {
    this.#carrier = {
      write: (bytes, done) => socket.write(bytes, done),
      end: () => socket.end(),
      hungry: () => socket.resume(),
    }
    socket.on('data', bytes => {
      if (!this.push(bytes)) socket.pause()
    })
    if (socket.readableEnded) this.push(null)
    else socket.on('end', () => this.push(null))
    socket.on('error', error => this.destroy(error))
    this.on('close', () => socket.destroy())
  }

  override _read(): void {
    this.#carrier.hungry()
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#carrier.write(bytes, done)
  }

  override _final(done: Done): void {
    this.#carrier.end()
    done()
  }
}
