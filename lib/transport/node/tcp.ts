import { Buffer } from 'node:buffer'
import * as net from 'node:net'
import { type Binding, inetAddress, unixAddress } from '../../address.js'
import { RevioError } from '../../errors.js'
import type { Address } from '../../events.js'
import { type Endpoint, firstThatBinds, resolveHost } from '../resolve.js'
import { StagingBuffer } from '../staging.js'
import type { Dialer, Host, Transport } from '../transport.js'
import { BreakWatch } from './break-watch.js'
import { NetDial } from './dial.js'
import { listening } from './listening.js'
import { checkReusePort } from './reuse-port.js'
import { SendQueues } from './send-queues.js'
import { NetLink } from './tcp-link.js'
import { listenUnix } from './unix.js'

const STAGE_SIZE = 256 * 1024

/** What one binding listens with. */
interface Listener {
  readonly server: net.Server
  readonly binding: Binding
  readonly addressIndex: number
  /** Accepted by the system and waiting for `maxConnections` to have room; nothing is read from them. */
  readonly waiting: net.Socket[]
  /** Links that are open. */
  links: number
  /** Listens no more, and removes the path of a Unix socket. */
  close: () => void
}

/**
 * The portable transport: `node:net`, wherever Node runs.
 *
 * Its limits: `node:net` cannot be kept from accepting, so beyond `maxConnections` peers wait accepted and unread, up
 * to the backlog; and it gives a socket up when a write fails, unread input included.
 */
export class NetTransport implements Transport {
  readonly name = 'net'
  readonly stage = new StagingBuffer(Buffer.allocUnsafeSlow(STAGE_SIZE))
  readonly sharesInput = false
  readonly host: Host
  readonly breaks = new BreakWatch()
  readonly queues = new SendQueues()
  readonly #listeners: Listener[] = []
  #started = false

  constructor(host: Host) {
    this.host = host
  }

  async bind(binding: Binding, addressIndex: number): Promise<Address> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
    const listener: Listener = {
      server,
      binding,
      addressIndex,
      waiting: [],
      links: 0,
      close: () => server.close(),
    }
    // An error that comes while listening is one of accepting; the system tries again when the next peer comes.
    server.on('error', () => {})
    server.on('connection', socket => this.#connected(listener, socket))
    const address = await this.#listen(listener)
    this.#listeners.push(listener)
    return address
  }

  start(): void {
    this.#started = true
    for (const listener of this.#listeners) this.#admitWaiting(listener)
  }

  dial(target: Binding, dialer: Dialer): () => void {
    const dial = new NetDial(target, {
      connected: socket =>
        this.#begin(new NetLink(this, socket, undefined), link => dialer.connected(this, link)),
      failed: error => this.host.turn(() => dialer.failed(error)),
    })
    dial.start(endpointsOf)
    return () => dial.giveUp()
  }

  /** Takes a connected socket in. */
  attach(socket: net.Socket, dialer: Dialer): void {
    // The loop ends its own side when all output has gone, whenever the peer ends.
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

  close(): void {
    this.breaks.close()
  }

  async #listen(listener: Listener): Promise<Address> {
    const { binding, server } = listener
    const { backlog } = binding
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

  #connected(listener: Listener, socket: net.Socket): void {
    const { waiting, binding, links } = listener
    if (this.#started && links < binding.maxConnections) this.#admit(listener, socket)
    else if (waiting.length < binding.backlog) {
      socket.on('error', () => {})
      waiting.push(socket)
    } else socket.destroy()
  }

  /** Lets those in who wait, as far as `maxConnections` has room. */
  #admitWaiting(listener: Listener): void {
    while (listener.links < listener.binding.maxConnections) {
      const socket = listener.waiting.shift()
      if (socket === undefined) return
      if (!socket.destroyed) this.#admit(listener, socket)
    }
  }

  #admit(listener: Listener, socket: net.Socket): void {
    listener.links++
    const link = new NetLink(this, socket, () => {
      listener.links--
      if (listener.waiting.length > 0) setImmediate(() => this.#admitWaiting(listener))
    })
    this.#begin(link, () => this.host.accepted(this, link, listener.addressIndex))
  }

  #begin(link: NetLink, introduce: (link: NetLink) => NetLink['receiver']): void {
    this.host.turn(() => link.begin(introduce(link)))
  }
}

/**
 * Where to listen or connect to.
 *
 * @throws `ERR_UNSUPPORTED` for an IPv6 zone that `node:net` would silently drop: it knows letters, digits, `-`, `.` in them.
 */
async function endpointsOf(binding: Binding): Promise<readonly [Endpoint, ...Endpoint[]]> {
  const { text, host } = binding
  if (host.includes('%') && net.isIP(host) === 0) {
    const zone = host.slice(host.indexOf('%') + 1)
    throw new RevioError('ERR_UNSUPPORTED', `address "${text}": node:net does not take "${zone}" as a zone`)
  }
  return resolveHost(binding)
}

function listenOptions({ host, port, family, dualStack }: Endpoint, binding: Binding): net.ListenOptions {
  const options = { host, port, ipv6Only: family === 6 && !dualStack }
  if (!binding.reuseport) return options
  checkReusePort(binding, 'the native transport, or Node 22.12 on the portable one')
  return { ...options, reusePort: true } as net.ListenOptions
}
