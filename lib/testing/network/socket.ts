import { Buffer } from 'node:buffer'
import * as net from 'node:net'
import type { Address } from '../../info.js'
import type { End, Watcher } from './connection-end.js'
import { systemError } from './errors.js'
import type { Arrival } from './network.js'

/** Output waiting for room, and the callback for when all of it has been written. */
interface Waiting {
  readonly bytes: Uint8Array
  at: number
  readonly done: (error?: Error | null) => void
}

/** A detached connection in memory: a `net.Socket` to its new owner. */
export class MemorySocket extends net.Socket implements Watcher {
  readonly #ends: Arrival
  readonly #wire: End
  readonly #unread: Uint8Array[]
  #wanted = false
  #toldEnd = false
  #waiting: Waiting | undefined
  /** The connection has moved on without it. */
  #left = false

  constructor(ends: Arrival, unread: readonly Uint8Array[]) {
    super({ allowHalfOpen: true })
    const { wire, local, remote } = ends
    this.#ends = ends
    this.#wire = wire
    this.#unread = [...unread]
    if (remote.network !== 'unix') describe(this, local, remote)
    // A socket derives from its descriptor that it is connected; this one has none.
    Object.defineProperty(this, 'pending', { get: () => this.destroyed })
    wire.watcher = this
  }

  /** Releases the connection, with unread input put back. Not allowed while output waits. */
  surrender(): Arrival {
    const unread: Buffer[] = []
    for (let bytes = this.read() as Buffer | null; bytes !== null; bytes = this.read()) unread.push(bytes)
    this.#left = true
    this.destroy()
    if (unread.length > 0) this.#wire.inbox.restore(Buffer.concat(unread))
    return this.#ends
  }

  notice(): void {
    this.#pull()
    this.#drain()
    if (this.#wire.broken && this.#wire.inbox.size === 0) {
      this.destroy(systemError('read', 'ECONNRESET'))
    }
  }

  override _read(): void {
    this.#wanted = true
    this.#pull()
  }

  override _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: Waiting['done']): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    this.#waiting = { bytes, at: 0, done }
    this.#drain()
  }

  override _writev(
    chunks: { chunk: Uint8Array | string; encoding: BufferEncoding }[],
    done: Waiting['done'],
  ): void {
    const pieces = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    )
    this._write(Buffer.concat(pieces), 'utf8', done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#wire.finish()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#wire.watcher = undefined
    if (!this.#left) this.#wire.close(this.#waiting !== undefined)
    super._destroy(error, done)
  }

  #pull(): void {
    while (this.#wanted) {
      const { inbox } = this.#wire
      const bytes = this.#unread.shift() ?? (inbox.size > 0 ? this.#wire.take(inbox.size) : undefined)
      if (bytes === undefined) break
      this.#wanted = this.push(bytes)
    }
    if (this.#unread.length === 0 && this.#wire.inbox.size === 0) this.#end()
  }

  #end(): void {
    if (this.#toldEnd || !this.#wire.inbox.ended || this.#wire.broken) return
    this.#toldEnd = true
    this.push(null)
  }

  #drain(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (this.#wire.broken || this.#wire.finished) {
      this.#waiting = undefined
      waiting.done(systemError('write', 'EPIPE'))
      return
    }
    const end = Math.min(waiting.bytes.length, waiting.at + this.#wire.room)
    this.#wire.write(waiting.bytes, waiting.at, end)
    waiting.at = end
    if (end < waiting.bytes.length) return
    this.#waiting = undefined
    waiting.done()
  }
}

/** `net.Socket` gets these from a descriptor, which this one lacks. */
function describe(socket: net.Socket, local: Address, remote: Address): void {
  const family = (address: Address) => (address.network.endsWith('6') ? 'IPv6' : 'IPv4')
  const values = {
    localAddress: local.host,
    localPort: local.port,
    localFamily: family(local),
    remoteAddress: remote.host,
    remotePort: remote.port,
    remoteFamily: family(remote),
  }
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(socket, name, { value, enumerable: true })
}
