import { Buffer } from 'node:buffer'
import * as net from 'node:net'
import { type Binding, inetAddress, isAbstract, systemName, unixAddress } from '../../address.js'
import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import { TlsLink } from '../../layer/tls-link.js'
import { Handshakes } from '../handshakes.js'
import type { MakeTls } from '../layering.js'
import { type Endpoint, firstThatBinds, resolveHost } from '../resolve.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import { StagingBuffer } from '../staging.js'
import type { Dialer, Host, Link, Receiver, Transport } from '../transport.js'
import { BreakWatch } from './break-watch.js'
import { Copies } from './copies.js'
import { NetDial } from './dial.js'
import { listening } from './listening.js'
import { checkReusePort } from './reuse-port.js'
import { SendQueues } from './send-queues.js'
import { NetLink, type NetLinkOwner } from './tcp-link.js'
import { TlsHandshake } from './tls-handshake.js'
import { listenUnix } from './unix.js'

const STAGE_SIZE = 256 * 1024

/** The listener of one binding. */
interface Listener {
  readonly server: net.Server
  readonly binding: Binding
  readonly addressIndex: number
  /** The local address of every connection, if it is known without asking the OS. */
  local: Address | undefined
  /** Accepted by the OS, but waiting for room under `maxConnections`; not read. */
  readonly waiting: net.Socket[]
  /** Open links, and how many of them are in a handshake. */
  links: number
  handshaking: number
  /** TLS for later peers. */
  security: Secured | undefined
  /** Stops listening, and removes the path of a Unix socket. */
  close: () => void
}

interface Secured {
  readonly security: ServerSecurity
  readonly handshakes: Handshakes
}

/**
 * The portable transport, over `node:net`: runs wherever Node does.
 *
 * Limits: `node:net` can't stop accepting, so peers beyond `maxConnections` wait accepted and unread, up to the
 * backlog. It destroys a socket when a write fails, including input that was not read.
 */
export class NetTransport implements Transport, NetLinkOwner {
  readonly name = 'net'
  readonly stage = new StagingBuffer(Buffer.allocUnsafeSlow(STAGE_SIZE))
  readonly copies = new Copies()
  readonly sharesInput = false
  readonly host: Host
  readonly breaks = new BreakWatch()
  readonly queues = new SendQueues()
  readonly #listeners: Listener[] = []
  /** Handshakes of outgoing connections. */
  readonly #handshakes = new Set<TlsHandshake>()
  #started = false

  constructor(host: Host) {
    this.host = host
  }

  async bind(binding: Binding, addressIndex: number, security?: ServerSecurity): Promise<Address> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
    const listener: Listener = {
      server,
      binding,
      addressIndex,
      local: undefined,
      waiting: [],
      links: 0,
      handshaking: 0,
      security: security && this.#secured(security),
      close: () => server.close(),
    }
    // An error while listening is a failed accept; the OS retries with the next peer.
    server.on('error', () => {})
    server.on('connection', socket => this.#connected(listener, socket))
    const address = await this.#listen(listener)
    if (address.network === 'tcp4' && address.host !== '0.0.0.0' && binding.fd === undefined) {
      listener.local = address
    }
    this.#listeners.push(listener)
    return address
  }

  resecure(addressIndex: number, security: ServerSecurity): void {
    for (const listener of this.#listeners) {
      if (listener.addressIndex === addressIndex) listener.security = this.#secured(security)
    }
  }

  start(): void {
    this.#started = true
    for (const listener of this.#listeners) this.#admitWaiting(listener)
  }

  dial(target: Binding, dialer: Dialer, security?: ClientSecurity): () => void {
    let handshake: TlsHandshake | undefined
    const dial = new NetDial(target, {
      connected: socket => {
        const raw = new NetLink(this, socket, undefined)
        if (security === undefined) this.#begin(raw, link => dialer.connected(this, link))
        else handshake = this.#dialSecurely(raw, dialer, security, target.host)
      },
      failed: error => this.host.turn(() => dialer.failed(error)),
    })
    dial.start(endpointsOf)
    return () => {
      dial.giveUp()
      handshake?.giveUp()
    }
  }

  /** Takes over a connected socket. */
  attach(socket: net.Socket, dialer: Dialer): void {
    // The loop ends its side once all output is written, whenever the peer ends.
    socket.allowHalfOpen = true
    this.#begin(new NetLink(this, socket, undefined), link => dialer.connected(this, link))
  }

  flush(): void {}

  unbind(): void {
    for (const { waiting, close } of this.#listeners) {
      close()
      for (const socket of waiting) socket.destroy()
      waiting.length = 0
    }
    this.#listeners.length = 0
  }

  get handshaking(): number {
    return this.#handshakes.size
  }

  close(): void {
    for (const handshake of this.#handshakes) handshake.giveUp()
    this.breaks.close()
  }

  async #listen(listener: Listener): Promise<Address> {
    const { binding, server } = listener
    const { backlog } = binding
    if (binding.fd !== undefined) return this.#listenOn(binding.fd, server)
    if (isAbstract(binding)) {
      // `exclusive`: otherwise the workers of a cluster would share it.
      await listening(server, { path: systemName(binding.path), backlog, exclusive: true })
      return unixAddress(binding.path)
    }
    if (binding.scheme === 'unix') {
      const { path, close } = await listenUnix(server, binding)
      listener.close = close
      return unixAddress(path)
    }
    return firstThatBinds(await endpointsOf(binding), async endpoint => {
      await listening(server, { ...listenOptions(endpoint, binding), backlog })
      const bound = server.address() as net.AddressInfo
      return inetAddress('tcp', bound.address, bound.port)
    })
  }

  /** The server owns the descriptor from here on. */
  async #listenOn(fd: number, server: net.Server): Promise<Address> {
    await listening(server, { fd } as net.ListenOptions)
    const bound = server.address()
    if (bound === null || typeof bound === 'string') return unixAddress(bound ?? '')
    return inetAddress('tcp', bound.address, bound.port)
  }

  #connected(listener: Listener, socket: net.Socket): void {
    const { waiting, binding } = listener
    if (this.#started && hasRoom(listener)) this.#admit(listener, socket)
    else if (waiting.length < binding.backlog) {
      socket.on('error', () => {})
      waiting.push(socket)
    } else socket.destroy()
  }

  /** Accepts waiting peers while there is room. */
  #admitWaiting(listener: Listener): void {
    while (hasRoom(listener)) {
      const socket = listener.waiting.shift()
      if (socket === undefined) return
      if (!socket.destroyed) this.#admit(listener, socket)
    }
  }

  #admit(listener: Listener, socket: net.Socket): void {
    const { security, addressIndex } = listener
    listener.links++
    const left = () => {
      listener.links--
      this.#admitSoon(listener)
    }
    const link = new NetLink(this, socket, left, listener.local)
    if (security === undefined) this.#begin(link, () => this.host.accepted(this, link, addressIndex))
    else this.#acceptSecurely(listener, link, security)
  }

  #admitSoon(listener: Listener): void {
    if (listener.waiting.length > 0) setImmediate(() => this.#admitWaiting(listener))
  }

  #acceptSecurely(listener: Listener, raw: NetLink, { security, handshakes }: Secured): void {
    const { addressIndex } = listener
    const { remote } = raw.addresses()
    listener.handshaking++
    const handshake = new TlsHandshake(raw, {
      security,
      makeTls,
      handshakes,
      transport: this,
      peer: String(remote),
      secured: link => this.host.accepted(this, link, addressIndex),
      failed: error => this.host.handshakeFailed?.(addressIndex, error, remote),
      over: () => {
        listener.handshaking--
        this.#handshakes.delete(handshake)
        this.#admitSoon(listener)
      },
    })
    this.#handshakes.add(handshake)
    this.#start(raw, handshake)
  }

  #dialSecurely(raw: NetLink, dialer: Dialer, security: ClientSecurity, host: string): TlsHandshake {
    const handshake = new TlsHandshake(raw, {
      security,
      makeTls,
      handshakes: new Handshakes(this.host.clock, security.handshakeTimeout),
      transport: this,
      peer: `${host}, ${raw.addresses().remote}`,
      secured: link => dialer.connected(this, link),
      failed: error => dialer.failed(error),
      over: () => {},
    })
    this.#start(raw, handshake)
    return handshake
  }

  #start(raw: NetLink, handshake: TlsHandshake): void {
    this.#begin(raw, () => handshake.wire)
    this.host.turn(() => handshake.start())
  }

  #secured(security: ServerSecurity): Secured {
    return { security, handshakes: new Handshakes(this.host.clock, security.handshakeTimeout) }
  }

  #begin(link: NetLink, introduce: (link: Link) => Receiver): void {
    this.host.turn(() => link.begin(introduce(link)))
  }
}

const makeTls: MakeTls = (link, options) => new TlsLink(link, options)

function hasRoom({ links, handshaking, binding, security }: Listener): boolean {
  if (links >= binding.maxConnections) return false
  return security === undefined || handshaking < security.security.maxHandshakes
}

/**
 * Resolves where to listen or connect to.
 *
 * @throws `ERR_UNSUPPORTED` for an IPv6 zone that `node:net` would drop silently: it accepts only letters, digits, `-`
 * and `.` in a zone.
 */
async function endpointsOf(binding: Binding): Promise<readonly [Endpoint, ...Endpoint[]]> {
  const { text, host } = binding
  if (host.includes('%') && net.isIP(host) === 0) {
    const zone = host.slice(host.indexOf('%') + 1)
    throw new RevioError('ERR_UNSUPPORTED', `address "${text}": node:net does not accept the zone "${zone}"`)
  }
  return resolveHost(binding)
}

function listenOptions({ host, port, family, dualStack }: Endpoint, binding: Binding): net.ListenOptions {
  const options = { host, port, ipv6Only: family === 6 && !dualStack }
  if (!binding.reuseport) return options
  checkReusePort(binding, 'the native transport, or Node 22.12 on the portable one')
  return { ...options, reusePort: true } as net.ListenOptions
}
