import { Buffer } from 'node:buffer'
import * as net from 'node:net'
import type * as tls from 'node:tls'
import type { Address } from '../../lib/index.js'
import { Received } from './received.js'
import { reset } from './reset.js'
import { TlsPeer } from './tls-peer.js'
import type { Peer, PeerOptions } from './world.js'

/** A peer on a real socket. */
export class SocketPeer implements Peer {
  readonly socket: net.Socket
  readonly #received = new Received()
  #appetite: number
  #ended = false
  #error: Error | undefined

  readonly #raw: net.Socket
  readonly #tls: TlsPeer | undefined

  /** @param secure - It uses TLS. */
  constructor(
    address: Address,
    { paused = false, allowHalfOpen = false, careful = false }: PeerOptions,
    secure?: tls.ConnectionOptions,
  ) {
    const { network, path, port } = address
    const where = network === 'unix' ? { path } : { host: reachable(address), port }
    // libuv takes a reset after a short read for an end; a read of one byte is never short.
    const take = (_size: number, bytes: Uint8Array) => this.#take(Buffer.from(bytes.subarray(0, 1)))
    const onread =
      careful && secure === undefined ? { onread: { buffer: Buffer.alloc(1), callback: take } } : {}
    this.#raw = net.connect({ ...where, ...onread, allowHalfOpen })
    if (secure !== undefined) this.#tls = new TlsPeer(this.#raw, secure)
    this.socket = this.#tls?.socket ?? this.#raw
    this.#appetite = paused ? 0 : Number.POSITIVE_INFINITY
    if (paused) this.socket.pause()
    this.socket.on('data', bytes => this.#take(bytes))
    // 'data' above makes the socket flow, unless it was explicitly paused before.
    if (paused) this.socket.pause()
    this.socket.on('end', () => {
      this.#ended = true
    })
    this.socket.on('error', error => {
      this.#error ??= error
    })
  }

  get received(): string {
    return this.receivedBytes.toString()
  }

  get receivedBytes(): Buffer {
    return this.#received.bytes
  }

  get unsent(): number {
    return this.socket.writableLength
  }

  get ended(): boolean {
    return this.#ended
  }

  get error(): Error | undefined {
    return this.#error
  }

  get closed(): boolean {
    return this.socket.destroyed
  }

  send(chunk: Uint8Array | string): this {
    this.socket.write(chunk)
    return this
  }

  end(): this {
    if (this.#tls === undefined) this.socket.end()
    else this.#tls.end()
    return this
  }

  close(): this {
    if (this.#tls === undefined) this.socket.destroy()
    else this.#tls.close()
    return this
  }

  reset(): this {
    if (this.#tls !== undefined) this.#tls.reset()
    else reset(this.#raw)
    return this
  }

  pause(): this {
    this.#appetite = 0
    this.socket.pause()
    return this
  }

  /** With `bytes`, a few more may arrive: what the socket has read at once is emitted at once. */
  resume(bytes = Number.POSITIVE_INFINITY): this {
    this.#appetite = bytes
    this.socket.resume()
    return this
  }

  take(): string {
    const { received } = this
    this.#received.forget()
    return received
  }

  #take(bytes: Buffer): boolean {
    this.#received.append(bytes)
    this.#appetite -= bytes.length
    if (this.#appetite <= 0) this.socket.pause()
    return this.#appetite > 0
  }
}

/** How a process on the same machine reaches a listener on all addresses. */
function reachable({ host }: Address): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
