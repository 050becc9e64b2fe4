import type * as net from 'node:net'
import { type Binding, inetAddress, parseAddress, unixAddress } from '../address.js'
import { RevioError } from '../errors.js'
import type { Address, Info } from '../events.js'
import type { Dialer, Link, Receiver, Transport } from '../transport/transport.js'
import type { Clock } from './clock.js'
import type { Connection } from './connection.js'
import type { Timed, Timeouts } from './timeouts.js'

/** A transport that takes in sockets which others have made. */
export interface Attacher extends Transport {
  attach(socket: net.Socket, dialer: Dialer): void
}

/** What dialling needs from the loop that dials. */
export interface DialsOptions<Context> {
  readonly clock: Clock
  readonly timeouts: Timeouts
  readonly transportFor: (binding: Binding) => Transport
  readonly attacher: () => Attacher
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
  /** A connection is made: it is opened under its id. */
  readonly opened: (id: number, transport: Transport, link: Link, info: () => Info) => Connection<Context>
  /** None is: it is opened as one that closes, and closed with the error. */
  readonly failed: (id: number, transport: Transport, info: Info, error: Error) => void
}

/** Connections that this side makes, until they are there. */
export class Dials<Context> {
  readonly #options: DialsOptions<Context>
  readonly #pending = new Set<Dial>()
  /** The loop ends: nothing is dialled or attached any more. */
  #ending = false
  /** The loop has ended: nobody hears of it either. */
  #ended = false

  constructor(options: DialsOptions<Context>) {
    this.#options = options
  }

  /** @throws `ERR_ADDRESS`, `ERR_OPTION`, `ERR_UNSUPPORTED` when the call is wrong; everything else comes to `closed`. */
  dial(id: number, address: string, { timeout = 0 }: { timeout?: number }): void {
    const target = parseAddress(address)
    if (target.scheme.startsWith('udp')) {
      throw new RevioError('ERR_UNSUPPORTED', `address "${address}": datagrams have no connection to dial`)
    }
    if (target.scheme !== 'unix' && (target.host === '' || target.port === 0)) {
      throw new RevioError('ERR_ADDRESS', `address "${address}": host and port are needed to connect to`)
    }
    if (!(typeof timeout === 'number' && timeout >= 0)) {
      throw new RevioError(
        'ERR_OPTION',
        `option timeout: milliseconds from 0 are needed, not ${String(timeout)}`,
      )
    }
    if (this.#ended) return
    const { clock, timeouts, transportFor } = this.#options
    const transport = transportFor(target)
    const dial = this.#expect(id, transport, remoteOf(target), `dial "${address}"`)
    if (this.#ending) return this.#abandonSoon(dial)
    dial.giveUp = transport.dial(target, dial)
    if (timeout === 0) return
    dial.timesOut(clock.now() + timeout, timeout)
    timeouts.watch(dial)
  }

  /** Takes a connected socket in, in a turn of its own. */
  attach(id: number, socket: net.Socket): void {
    const { clock, attacher } = this.#options
    if (socket.destroyed || socket.pending) {
      throw new RevioError('ERR_UNSUPPORTED', 'attach: the socket is not connected')
    }
    if (this.#ended) return void socket.destroy()
    const transport = attacher()
    const dial = this.#expect(
      id,
      transport,
      inetAddress('tcp', socket.remoteAddress ?? '', socket.remotePort ?? 0),
      'attach',
    )
    socket.pause()
    dial.giveUp = () => socket.destroy()
    if (this.#ending) return this.#abandonSoon(dial)
    clock.soon(() => {
      if (!this.#pending.has(dial)) return
      if (!socket.destroyed) return transport.attach(socket, dial)
      this.#options.turn(() =>
        dial.failed(new RevioError('ECONNRESET', 'attach: the socket was destroyed meanwhile')),
      )
    })
  }

  /** The loop ends: none of them is going to be made, nor any that is asked for from now on. */
  abandon(): void {
    this.#ending = true
    for (const dial of [...this.#pending]) dial.abandon('ECONNABORTED', 'the loop was shut down')
  }

  /** The loop has ended: no handler runs any more. */
  close(): void {
    this.#ended = true
    for (const dial of this.#pending) dial.giveUp()
    this.#pending.clear()
  }

  #abandonSoon(dial: Dial): void {
    const { clock, turn } = this.#options
    clock.soon(() => {
      if (this.#pending.has(dial)) turn(() => dial.abandon('ECONNABORTED', 'the loop was shut down'))
    })
  }

  #expect(id: number, transport: Transport, remote: Address, what: string): Dial {
    const { timeouts, turn, opened, failed } = this.#options
    const over = () => {
      this.#pending.delete(dial)
      timeouts.cancel(dial)
    }
    const dial = new Dial({
      what,
      turn,
      connected: link => {
        over()
        return opened(id, transport, link, () => {
          const { local, remote: peer } = link.addresses()
          return { addressIndex: -1, localAddress: local, remoteAddress: peer, closing: false }
        })
      },
      failed: error => {
        over()
        const local = remote.network === 'unix' ? unixAddress('') : inetAddress('tcp', '0.0.0.0', 0)
        failed(
          id,
          transport,
          { addressIndex: -1, localAddress: local, remoteAddress: remote, closing: true },
          error,
        )
      },
    })
    this.#pending.add(dial)
    return dial
  }
}

interface DialOptions {
  readonly what: string
  readonly turn: (run: () => void) => void
  readonly connected: (link: Link) => Receiver
  readonly failed: (error: Error) => void
}

class Dial implements Dialer, Timed {
  giveUp: () => void = () => {}
  dueAt = Number.POSITIVE_INFINITY
  deadline = 0
  timeoutIndex = -1
  #timeout = 0
  readonly #options: DialOptions

  constructor(options: DialOptions) {
    this.#options = options
  }

  timesOut(at: number, timeout: number): void {
    this.dueAt = at
    this.#timeout = timeout
  }

  connected(_transport: Transport, link: Link): Receiver {
    return this.#options.connected(link)
  }

  failed(error: Error): void {
    this.#options.failed(error)
  }

  expired(): void {
    this.#options.turn(() => this.abandon('ETIMEDOUT', `not connected in ${this.#timeout} ms`))
  }

  abandon(code: 'ETIMEDOUT' | 'ECONNABORTED', why: string): void {
    this.giveUp()
    this.#options.failed(new RevioError(code, `${this.#options.what}: ${why}`))
  }
}

function remoteOf({ scheme, host, port, path }: Binding): Address {
  return scheme === 'unix' ? unixAddress(path) : inetAddress('tcp', host, port)
}
