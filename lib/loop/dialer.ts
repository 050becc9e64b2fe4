import type * as net from 'node:net'
import { type Binding, inetAddress, parseAddress, tlsAddress, unixAddress } from '../address.js'
import { checkObject } from '../checks.js'
import { RevioError } from '../errors.js'
import type { AttachOptions, DialOptions, Handlers } from '../events.js'
import type { Address, Info } from '../info.js'
import { kindOf, show } from '../show.js'
import type { ClientSecurity } from '../transport/security.js'
import { tlsOptionsOf } from '../transport/tls-address.js'
import { TlsClients } from '../transport/tls-clients.js'
import {
  type Dialer as Caller,
  type Link,
  nobody,
  type Receiver,
  type Transport,
} from '../transport/transport.js'
import { captureContext } from './async-context.js'
import type { Clock } from './clock.js'
import { Dial, type Made } from './dial.js'
import { checkHandlers } from './handlers.js'
import { infoOf } from './info.js'
import { prefaceOf } from './proxy-header.js'
import type { Timeouts } from './timeouts.js'

/** A transport that accepts sockets created by others. */
export interface Attacher extends Transport {
  attach(socket: net.Socket, caller: Caller): void
}

/** What the dialer needs from its loop. */
export interface DialerOptions {
  readonly clock: Clock
  readonly timeouts: Timeouts
  readonly transportFor: (binding: Binding) => Transport
  readonly attacher: (socket: net.Socket) => Attacher
  /** Runs something inside a turn. */
  readonly turn: (run: () => void) => void
  /** A shutdown was requested; the loop has ended, and nothing would run. */
  readonly ending: () => boolean
  readonly ended: () => boolean
  /** The next connection's id. */
  readonly nextId: () => number
  /** The loop's own handlers. */
  readonly events: () => Handlers<unknown>
  readonly introduce: (handlers: Handlers<unknown>) => void
  /** A connection is established: opens it. */
  readonly opened: (made: Made, link: Link, info: () => Info) => Receiver
  /** A dial failed: opens the connection as closing, and closes it with the error. */
  readonly failed: (made: Made, info: Info, error: Error) => void
  /** An attempt is over. */
  readonly left: () => void
}

const SHUT_DOWN = 'the loop was shut down'

/** Sockets in loops of this process, so that none gets two owners. */
const attached = new WeakSet<object>()

/** Returns a socket to the program. */
export function release(socket: object): void {
  attached.delete(socket)
}

/** Makes outgoing connections: dials, and attaches sockets. */
export class Dialer {
  readonly #options: DialerOptions
  readonly #pending = new Set<Dial>()
  readonly #hosts = new WeakMap<Info, string>()
  readonly #tls = new TlsClients()
  #aborting = false

  constructor(options: DialerOptions) {
    this.#options = options
  }

  /** Nothing is in progress. */
  get empty(): boolean {
    return this.#pending.size === 0
  }

  /** @throws `ERR_ADDRESS`, `ERR_OPTION`, `ERR_UNSUPPORTED`, `ERR_ENDED`; all other errors go to `closed`. */
  dial(address: string, options: DialOptions<unknown>): number {
    const target = parseAddress(address)
    if (target.scheme === 'fd') {
      throw new RevioError(
        'ERR_UNSUPPORTED',
        `address "${address}": a listening descriptor cannot be dialled`,
      )
    }
    if (target.scheme.startsWith('udp')) {
      throw new RevioError('ERR_UNSUPPORTED', `address "${address}": datagrams have no connection to dial`)
    }
    if (target.scheme !== 'unix' && (target.host === '' || target.port === 0)) {
      throw new RevioError('ERR_ADDRESS', `address "${address}": dialling requires a host and a port`)
    }
    const known = ['events', 'context', 'timeout', 'tls', 'proxy']
    const { timeout, handlers, context } = this.#read(options, 'dial', known)
    const security = this.#securityOf(target, options)
    this.#mustRun(`dial "${address}"`)
    const { clock, timeouts, transportFor, nextId } = this.#options
    const preface = prefaceOf(target, options.proxy)
    const scope = captureContext()
    const made = { id: nextId(), transport: transportFor(target), scope, handlers, context, ...preface }
    const dial = this.#expect(made, remoteOf(target), `dial "${address}"`, target.host)
    if (this.#options.ending()) this.#abandonSoon(dial)
    else {
      dial.giveUp = made.transport.dial(target, dial, security)
      if (timeout > 0) {
        dial.timesOut(clock.now() + timeout, timeout)
        timeouts.watch(dial)
      }
    }
    return made.id
  }

  /**
   * Attaches a connected socket, in a separate turn.
   *
   * @throws `ERR_OPTION`, `ERR_UNSUPPORTED`, `ERR_ENDED`; all other errors go to `closed`.
   */
  attach(socket: net.Socket, options: AttachOptions<unknown>): number {
    checkSocket(socket)
    const { handlers, context } = this.#read(options, 'attach', ['events', 'context'])
    this.#mustRun('attach')
    const { attacher, nextId } = this.#options
    const made = { id: nextId(), transport: attacher(socket), scope: captureContext(), handlers, context }
    attached.add(socket)
    const { remoteAddress, remotePort } = socket
    const remote =
      remoteAddress === undefined ? unixAddress('') : inetAddress('tcp', remoteAddress, remotePort ?? 0)
    const dial = this.#expect(made, remote, 'attach')
    dial.giveUp = () => socket.destroy()
    // From here on we own its errors, though the transport only gets it in a turn that follows.
    let failure: Error | undefined
    const onError = (error: Error) => {
      failure ??= error
    }
    socket.on('error', onError)
    socket.pause()
    if (this.#options.ending()) this.#abandonSoon(dial)
    else this.#options.clock.soon(() => this.#handOver(dial, socket, () => failure, onError))
    return made.id
  }

  /** A shutdown begins: all attempts fail. */
  abandon(): void {
    this.#abort(() => {
      for (const dial of [...this.#pending]) dial.abandon('ECONNABORTED', SHUT_DOWN)
    })
  }

  /** @throws as `clientSecurity` does, and `ERR_OPTION` for TLS options on an address without TLS. */
  #securityOf(target: Binding, { tls }: DialOptions<unknown>): ClientSecurity | undefined {
    const where = `dial "${target.text}"`
    if (target.tls !== undefined) return this.#tls.of(tlsOptionsOf(target, tls), where, target)
    if (tls === undefined) return undefined
    throw new RevioError('ERR_OPTION', `${where}: option tls: only for the schemes tls, tls4, tls6`)
  }

  #handOver(
    dial: Dial,
    socket: net.Socket,
    failure: () => Error | undefined,
    onError: (error: Error) => void,
  ): void {
    if (!this.#pending.has(dial)) return
    if (socket.destroyed) {
      const destroyed = new RevioError('ECONNRESET', 'attach: the socket was destroyed meanwhile')
      const error = failure() ?? socket.errored ?? destroyed
      return this.#options.turn(() => dial.failed(error))
    }
    // The program may have written to it since, which can change the transport that takes it.
    this.#options.attacher(socket).attach(socket, dial)
    socket.removeListener('error', onError)
  }

  #read(options: DialOptions<unknown>, call: string, known: readonly string[]) {
    checkObject(options, call)
    for (const name of Object.keys(options)) {
      if (known.includes(name)) continue
      throw new RevioError(
        'ERR_OPTION',
        `${call}: unknown option "${name}"; known options are ${known.join(', ')}`,
      )
    }
    const { events, context, timeout = 0 } = options
    if (!(typeof timeout === 'number' && timeout >= 0)) {
      const message = `option timeout: expected a non-negative number of milliseconds; received ${show(timeout)}`
      throw new RevioError('ERR_OPTION', message)
    }
    if (events !== undefined) {
      checkHandlers(events, `${call}: option events`)
      this.#options.introduce(events)
    }
    return { timeout, handlers: events ?? this.#options.events(), context }
  }

  #mustRun(what: string): void {
    if (!this.#options.ended() && !this.#aborting) return
    throw new RevioError('ERR_ENDED', `${what}: the loop ${this.#aborting ? 'is ending' : 'has ended'}`)
  }

  /** A program that dials again whenever the shutdown refuses a dial would never end. */
  #abort(run: () => void): void {
    this.#aborting = true
    try {
      run()
    } finally {
      this.#aborting = false
    }
  }

  #abandonSoon(dial: Dial): void {
    const { clock, turn } = this.#options
    clock.soon(() => {
      if (this.#pending.has(dial)) turn(() => this.#abort(() => dial.abandon('ECONNABORTED', SHUT_DOWN)))
    })
  }

  /** The target of a dialled connection, by its `Info`; undefined for others. */
  hostOf(info: Info): string | undefined {
    return this.#hosts.get(info)
  }

  #expect(made: Made, remote: Address, what: string, host?: string): Dial {
    const { timeouts, turn, opened, failed, left, ending } = this.#options
    const local = remote.network === 'unix' ? unixAddress('') : inetAddress('tcp', '0.0.0.0', 0)
    const unmade: Info = {
      addressIndex: -1,
      localAddress: local,
      remoteAddress: remote,
      closing: true,
      tls: undefined,
    }
    const over = () => {
      this.#pending.delete(dial)
      timeouts.cancel(dial)
    }
    const dial = new Dial({
      made,
      what,
      turn,
      connected: (transport, link) => {
        over()
        if (ending()) {
          link.close({ reset: true })
          failed(made, unmade, new RevioError('ECONNABORTED', `${what}: ${SHUT_DOWN}`))
          left()
          return nobody
        }
        return opened({ ...made, transport }, link, () => {
          const info = infoOf(link, -1)
          if (host !== undefined) this.#hosts.set(info, host)
          return info
        })
      },
      failed: error => {
        over()
        failed(made, unmade, error)
        left()
      },
    })
    this.#pending.add(dial)
    return dial
  }
}

/** @throws unless a loop can attach the socket. */
function checkSocket(socket: unknown): asserts socket is net.Socket {
  if (!looksLikeSocket(socket)) {
    throw new RevioError('ERR_OPTION', `attach: expected a net.Socket; received ${kindOf(socket)}`)
  }
  if (attached.has(socket)) {
    throw new RevioError('ERR_UNSUPPORTED', 'attach: the socket already belongs to a loop')
  }
  if (socket.destroyed === true || socket.pending === true || socket.connecting === true) {
    throw new RevioError('ERR_UNSUPPORTED', 'attach: the socket is not connected')
  }
}

function looksLikeSocket(value: unknown): value is Partial<net.Socket> {
  if (typeof value !== 'object' || value === null) return false
  try {
    const { pause, destroy, on } = value as Partial<net.Socket>
    return [pause, destroy, on].every(method => typeof method === 'function')
  } catch {
    // A Proxy that has been revoked, or whose traps throw.
    return false
  }
}

function remoteOf({ scheme, host, port, path, tls }: Binding): Address {
  if (scheme === 'unix') return unixAddress(path)
  const address = inetAddress('tcp', host, port)
  return tls === undefined ? address : tlsAddress(address)
}
