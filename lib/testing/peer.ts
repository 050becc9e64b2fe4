import { Buffer } from 'node:buffer'
import { checkObject } from '../checks.js'
import { asError, RevioError } from '../errors.js'
import type { Address } from '../info.js'
import { show } from '../show.js'
import type { TlsInfo } from '../tls.js'
import type { End, Watcher } from './network/connection-end.js'
import { systemError } from './network/errors.js'
import type { Arrival } from './network/network.js'
import type { Schedule } from './network/schedule.js'
import { Received } from './received.js'
import { TlsSession } from './tls/session.js'

/** Options of a peer. */
export interface PeerOptions {
  /** True: doesn't read before `resume`. Default false. */
  paused?: boolean
  /** True: doesn't answer the loop's end with its own; `end` does. Default false, as most clients do. */
  allowHalfOpen?: boolean
  /** TLS options for a TLS address; false: sends plaintext. Default: TLS without a server name. */
  tls?: PeerTlsOptions | false
}

/** A peer's TLS options. */
export interface PeerTlsOptions {
  /** The server name to request. Default: none. */
  servername?: string
  /** Protocols to offer or accept, in order of preference. Default: none. */
  ALPNProtocols?: readonly string[]
  /** True: acts as the server in the handshake. Default: true if the peer accepted the connection. */
  isServer?: boolean
}

/**
 * The other side of a simulated connection. Its methods return the peer itself, for chaining, and unless the
 * simulation is `stepwise` they return after all their effects have happened.
 */
export interface Peer {
  /** The connection's id in the loop; 0 before the loop accepts it. */
  readonly id: number
  /** The peer's own address: the loop's `info.remoteAddress`. */
  readonly address: Address
  /**
   * Sends a string as UTF-8, or a copy of bytes. Bytes that don't fit into the buffers wait.
   *
   * @throws if it has ended, closed or reset before.
   */
  send(chunk: Uint8Array | string): this
  /** Ends the sending side, after waiting bytes; still receives. */
  end(): this
  /** Closes both directions, like a program that exits: further output of the loop is answered with a reset. */
  close(): this
  /** Resets the connection. Waiting bytes are lost; received ones stay. */
  reset(): this
  /** Stops reading: the loop's output then fills the buffers between them. */
  pause(): this
  /**
   * Resumes reading; with `bytes`, reads only that many.
   *
   * @throws `ERR_OPTION` if `bytes` is not a non-negative integer.
   */
  resume(bytes?: number): this
  /**
   * Switches to TLS after what it has sent: a handshake starts, later output is encrypted, and `received` is
   * decrypted. Simulated TLS has the event order of real TLS, but no secrets and no certificates.
   */
  secure(options?: PeerTlsOptions): this
  /** The TLS result; undefined before the handshake has completed, and for a plain connection. */
  readonly tls: TlsInfo | undefined
  /** Everything received, as UTF-8. */
  readonly received: string
  /** Everything received. Must not be changed. */
  readonly receivedBytes: Buffer
  /** Returns `received` and clears it. */
  take(): string
  /** Bytes passed to `send` but not yet sent because the loop does not read; after a reset, lost bytes. */
  readonly unsent: number
  /** Whether the loop has ended its side: nothing more will be received. */
  readonly ended: boolean
  /**
   * Why the connection broke: `ECONNREFUSED` if nothing listens, `ECONNRESET` after an abortive close by the loop.
   */
  readonly error: Error | undefined
  /** Whether both directions are closed. */
  readonly closed: boolean
}

/** A peer, and its I/O. */
export class SimulatedPeer implements Peer, Watcher {
  readonly address: Address
  readonly #wire: End
  readonly #schedule: Schedule
  readonly #allowHalfOpen: boolean
  readonly #idOf: () => number
  readonly #accepted: boolean
  #session: TlsSession | undefined
  /** Waiting for the handshake. */
  #plain: Buffer[] = []
  readonly #waiting: Buffer[] = []
  #unsent = 0
  readonly #received = new Received()
  /** Bytes it will still read before it stops. */
  #appetite: number
  #ending = false
  #ended = false
  /** Closed or reset by this side. */
  #left = false
  #error: Error | undefined

  constructor(
    { wire, local }: Arrival,
    schedule: Schedule,
    options: PeerOptions & { readonly accepted: boolean; readonly secure: boolean },
    idOf: () => number,
  ) {
    this.address = local
    this.#accepted = options.accepted
    this.#wire = wire
    this.#schedule = schedule
    this.#allowHalfOpen = options.allowHalfOpen ?? false
    this.#idOf = idOf
    this.#appetite = options.paused === true ? 0 : Number.POSITIVE_INFINITY
    wire.watcher = this
    if (options.secure && options.tls !== false) this.secure(options.tls)
  }

  get tls(): TlsInfo | undefined {
    return this.#session?.info
  }

  secure(options: PeerTlsOptions = {}): this {
    checkObject(options, 'secure')
    const { servername = '', ALPNProtocols = [], isServer = this.#accepted } = options
    if (this.#session !== undefined) throw new Error('this peer already uses TLS')
    const session: TlsSession = new TlsSession({
      side: isServer ? 'server' : 'client',
      servername,
      alpn: ALPNProtocols,
      peer: 'the loop',
      send: bytes => this.#put([bytes]),
      secured: () => {
        const plain = this.#plain
        this.#plain = []
        for (const bytes of plain) this.#put(session.encode(bytes))
        if (this.#ending) this.#put(session.encodeEnd())
      },
    })
    this.#session = session
    session.begin()
    return this.#followed()
  }

  get id(): number {
    return this.#idOf()
  }

  get received(): string {
    return this.receivedBytes.toString()
  }

  get receivedBytes(): Buffer {
    return this.#received.bytes
  }

  get unsent(): number {
    return this.#unsent
  }

  get ended(): boolean {
    return this.#ended
  }

  get error(): Error | undefined {
    return this.#error
  }

  get closed(): boolean {
    return this.#left || this.#error !== undefined || (this.#ended && this.#wire.finished)
  }

  send(chunk: Uint8Array | string): this {
    if (this.#ending) throw new Error('this peer has ended, closed or reset, and cannot send')
    const bytes = Buffer.from(chunk)
    if (bytes.length === 0) return this.#followed()
    if (this.#session === undefined) this.#put([bytes])
    else if (this.#session.info === undefined) this.#plain.push(bytes)
    else this.#put(this.#session.encode(bytes))
    return this.#followed()
  }

  end(): this {
    if (!this.#ending && this.#session !== undefined) this.#put(this.#session.encodeEnd())
    this.#ending = true
    this.#transmit()
    return this.#followed()
  }

  close(): this {
    return this.#leave({ reset: false })
  }

  reset(): this {
    return this.#leave({ reset: true })
  }

  pause(): this {
    this.#appetite = 0
    return this
  }

  resume(bytes = Number.POSITIVE_INFINITY): this {
    if (bytes !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(bytes) && bytes >= 0)) {
      throw new RevioError('ERR_OPTION', `resume: expected a non-negative integer; received ${show(bytes)}`)
    }
    this.#appetite = bytes
    this.#wire.notify()
    return this.#followed()
  }

  take(): string {
    const { received } = this
    this.#received.clear()
    return received
  }

  /** Nothing accepted the connection. */
  refused(error: Error): void {
    if (!this.#left) this.#error = error
  }

  /** One step: sends what there is room for, and reads a slice of what has arrived. */
  notice(): void {
    this.#transmit()
    this.#receive(this.#schedule.chance.slice(Math.min(this.#wire.inbox.size, this.#appetite)))
    if (this.#wire.broken) this.#broke()
    else if (this.#appetite > 0 && this.#wire.inbox.size > 0) this.#wire.notify()
    else if (this.#appetite > 0 && this.#wire.inbox.ended) this.#end()
  }

  #transmit(): void {
    for (let first = this.#waiting[0]; first !== undefined && this.#wire.room > 0; first = this.#waiting[0]) {
      const size = Math.min(first.length, this.#wire.room)
      this.#wire.write(first, 0, size)
      if (size === first.length) this.#waiting.shift()
      else this.#waiting[0] = first.subarray(size)
      this.#unsent -= size
    }
    if (this.#ending && this.#waiting.length === 0 && this.#ready) this.#wire.finish()
  }

  /** No handshake in progress. */
  get #ready(): boolean {
    return this.#session === undefined || this.#session.info !== undefined
  }

  #put(pieces: readonly Buffer[]): void {
    for (const bytes of pieces) {
      this.#waiting.push(bytes)
      this.#unsent += bytes.length
    }
    this.#transmit()
  }

  #receive(size: number): void {
    if (size === 0) return
    this.#appetite -= size
    const bytes = this.#wire.take(size)
    if (this.#session === undefined) return this.#received.append(bytes)
    try {
      for (const plain of this.#session.decode(bytes)) this.#received.append(plain)
    } catch (thrown) {
      this.#fails(asError(thrown))
    }
  }

  #fails(error: Error): void {
    this.#error = error
    this.#leave({ reset: true })
  }

  #end(): void {
    try {
      this.#session?.decodeEnd()
    } catch (thrown) {
      return this.#fails(asError(thrown))
    }
    this.#ended = true
    // Once the loop has ended the handshake, there is nothing more to seal.
    if (!this.#ready) this.#wire.finish()
    if (!this.#allowHalfOpen) this.end()
  }

  #broke(): void {
    this.#receive(Math.min(this.#wire.inbox.size, this.#appetite))
    if (this.closed) return
    this.#error = systemError('read', 'ECONNRESET')
  }

  #leave({ reset }: { reset: boolean }): this {
    this.#left = true
    this.#ending = true
    this.#wire.close(reset)
    return this.#followed()
  }

  #followed(): this {
    this.#schedule.follow()
    return this
  }
}
