import { Buffer } from 'node:buffer'
import { asError, RevioError } from '../errors.js'
import type { Address } from '../info.js'
import type { TlsInfo } from '../tls.js'
import { systemError } from './network/errors.js'
import type { Arrival } from './network/network.js'
import type { Schedule } from './network/schedule.js'
import type { End, Watcher } from './network/wire.js'
import { TlsSession } from './tls/session.js'

/** How a peer behaves. */
export interface PeerOptions {
  /** True: it reads nothing before `resume`. Default false. */
  paused?: boolean
  /** True: it does not answer the loop's end with its own; `end` does. Default false, as most clients are. */
  allowHalfOpen?: boolean
  /** How it speaks TLS with an address that has it; false: it does not. Default: without a name. */
  tls?: PeerTlsOptions | false
}

/** How a peer speaks TLS. */
export interface PeerTlsOptions {
  /** The name that it asks for. Default: none. */
  servername?: string
  /** The protocols that it offers or takes, the best one first. Default: none. */
  ALPNProtocols?: readonly string[]
  /** True: it takes the server's side of the handshake. Default: as it has accepted the connection or made it. */
  isServer?: boolean
}

/**
 * The other side of a simulated connection. Its methods answer the peer itself, so that they can be chained, and
 * unless the simulation is `stepwise` all that follows from a call has happened when it returns.
 */
export interface Peer {
  /** The connection's id in the loop; 0 until the loop has accepted it. */
  readonly id: number
  /** Where it connects from: the loop's `info.remoteAddress`. */
  readonly address: Address
  /**
   * Sends a string as UTF-8, or bytes, of which a copy is taken. What does not fit into the buffers on the way waits.
   *
   * @throws when it has ended, closed or reset before.
   */
  send(chunk: Uint8Array | string): this
  /** Says that it has sent all it will, behind what still waits; goes on receiving. */
  end(): this
  /** Closes both ways, as a program that exits: what the loop sends from now on is answered with a reset. */
  close(): this
  /** Breaks the connection. Bytes that wait are lost, and what has been received stays. */
  reset(): this
  /** Stops reading: what the loop sends fills the buffers between them. */
  pause(): this
  /**
   * Goes on reading; where `bytes` is given, only for so many.
   *
   * @throws `ERR_OPTION` when `bytes` is no whole number from 0.
   */
  resume(bytes?: number): this
  /**
   * Goes on as TLS, behind what it has sent: a handshake begins, what it sends from now on goes encrypted, and `received`
   * is what was decrypted. Simulated TLS has the order of events of the real one, and neither secrets nor certificates.
   */
  secure(options?: PeerTlsOptions): this
  /** What TLS has agreed on; undefined before the handshake is done, and for a plain connection. */
  readonly tls: TlsInfo | undefined
  /** What it has received, as UTF-8. */
  readonly received: string
  /** What it has received. */
  readonly receivedBytes: Buffer
  /** What it has received, as UTF-8, and forgets it. */
  take(): string
  /** Bytes given to `send` that have not left, as the loop does not read; after a reset, those that never will. */
  readonly unsent: number
  /** The loop's orderly end has come: nothing more will be received. */
  readonly ended: boolean
  /** Why it broke: `ECONNREFUSED` as nobody listens, `ECONNRESET` as the loop did not close in order. */
  readonly error: Error | undefined
  /** Nothing goes either way any more. */
  readonly closed: boolean
}

/** A peer, and how it moves its bytes. */
export class SimulatedPeer implements Peer, Watcher {
  readonly address: Address
  readonly #wire: End
  readonly #schedule: Schedule
  readonly #allowHalfOpen: boolean
  readonly #idOf: () => number
  readonly #accepted: boolean
  #session: TlsSession | undefined
  /** Waits for the handshake. */
  #plain: Buffer[] = []
  readonly #waiting: Buffer[] = []
  #unsent = 0
  #received: Buffer[] = []
  /** Bytes it will still read before it stops. */
  #appetite: number
  #ending = false
  #ended = false
  /** Closed or reset from this side. */
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

  secure({ servername = '', ALPNProtocols = [], isServer = this.#accepted }: PeerTlsOptions = {}): this {
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
    if (this.#received.length !== 1) this.#received = [Buffer.concat(this.#received)]
    return Buffer.concat(this.#received)
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
      throw new RevioError('ERR_OPTION', `resume: expected a non-negative integer; received ${String(bytes)}`)
    }
    this.#appetite = bytes
    this.#wire.notify()
    return this.#followed()
  }

  take(): string {
    const { received } = this
    this.#received = []
    return received
  }

  /** Nobody took the connection. */
  refused(error: Error): void {
    if (!this.#left) this.#error = error
  }

  /** One step: what there is room for goes out, and a slice of what has come is read. */
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

  /** No handshake is under way. */
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
    if (this.#session === undefined) return void this.#received.push(bytes)
    try {
      this.#received.push(...this.#session.decode(bytes))
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
    // Where the loop has ended the handshake there is nothing more to be sealed.
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
