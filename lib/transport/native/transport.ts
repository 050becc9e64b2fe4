import type * as net from 'node:net'
import { type Binding, inetAddress, ipv4Address, isAbstract, systemName, unixAddress } from '../../address.js'
import type { Address } from '../../info.js'
import { type Endpoint, firstThatBinds, resolveHost } from '../resolve.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import { StagingBuffer } from '../staging.js'
import type { Dialer, Host, Transport } from '../transport.js'
import { UnixPath } from '../unix-path.js'
import {
  type Addon,
  EVENT_SIZE,
  Event,
  INDEX,
  type Policy,
  type Poller,
  systemError,
  WRITE_SIZE,
} from './addon.js'
import { Coalescing } from './coalescing.js'
import { type DialOwner, NativeDial } from './dial.js'
import { NativeInput } from './input.js'
import { AttachedLink, NativeLink } from './link.js'
import { PinnedMemory } from './memory.js'
import { plainDescriptor, takeUnread } from './plain-socket.js'
import { NativeTls } from './tls.js'
import type { Outcome } from './tls-handshake.js'
import type { TlsSession } from './tls-session.js'
import { NativeWriter } from './writer.js'

/** The input room of one turn. The addon needs 64 KiB for each read, and enters a turn early if less is left. */
const INPUT_SIZE = 256 * 1024
const STAGE_SIZE = 1024 * 1024
const MAX_EVENTS = 1024
const MAX_WRITES = 1024
const MAX_INT = 2 ** 31 - 1
/** The most peers to accept while releasing a listener; if it is shared, they may keep coming. */
const MOST_WAITING = 65_536

interface Listener {
  readonly path: UnixPath | undefined
  readonly addressIndex: number
}

/** Sockets through the addon: one call into TypeScript and one back for each turn of the event loop. */
export class NativeTransport implements Transport, DialOwner {
  readonly name = 'native'
  readonly sharesInput: boolean
  readonly doesTls: boolean
  readonly stage: StagingBuffer
  readonly host: Host
  readonly poller: Poller
  readonly writer: NativeWriter
  readonly #input: NativeInput
  readonly #tls: NativeTls
  /** By slot index. */
  readonly #links: (NativeLink | undefined)[] = []
  /** Outgoing connections in progress, by slot. */
  readonly #dials = new Map<number, NativeDial>()
  readonly #listeners = new Map<number, Listener>()
  /** The local end of the connection accepted last. */
  #local: Address | undefined
  #localHost = 0
  #started = false
  /** Another thread accepts for this transport. */
  joined = false
  /** A delay holds up all sockets of the poller, so a single address that must not wait turns it off for all. */
  #coalescing: Coalescing | undefined = new Coalescing()

  constructor(addon: Addon, host: Host) {
    this.host = host
    this.doesTls = addon.opensslMissing() === undefined
    const memory = new PinnedMemory(
      INPUT_SIZE + STAGE_SIZE + 4 * (MAX_EVENTS * EVENT_SIZE + MAX_WRITES * WRITE_SIZE),
    )
    this.#input = new NativeInput(memory, INPUT_SIZE, MAX_EVENTS)
    this.sharesInput = this.#input.shared
    const writes = memory.numbers(MAX_WRITES * WRITE_SIZE)
    this.stage = new StagingBuffer(memory.bytes(STAGE_SIZE))
    const { bytes, events } = this.#input
    const deliver = (at: number) => this.#deliver(at)
    this.poller = new addon.Poller(bytes, this.stage.bytes, events, writes, count => {
      this.#input.turn(host, count, deliver)
      return this.#coalescing?.pause()
    })
    this.writer = new NativeWriter(this.poller, this.stage, writes)
    this.#tls = new NativeTls({ addon, poller: this.poller, host })
  }

  async bind(binding: Binding, addressIndex: number, security?: ServerSecurity): Promise<Address> {
    const limit = Math.min(binding.maxConnections, MAX_INT)
    let slot = -1
    let path: UnixPath | undefined
    if (binding.fd !== undefined) {
      slot = this.#check(this.poller.listenFd(binding.fd, addressIndex, limit), ` ${binding.text}`)
    } else if (isAbstract(binding)) {
      const name = systemName(binding.path)
      slot = this.#check(this.poller.listenUnix(name, addressIndex, limit, binding.backlog, -1), '')
    } else if (binding.scheme === 'unix') {
      const { backlog, mode = -1 } = binding
      path = await UnixPath.claim(binding, async at => {
        slot = this.#check(this.poller.listenUnix(at, addressIndex, limit, backlog, mode), '')
      })
    } else {
      slot = await firstThatBinds(await resolveHost(binding), async endpoint =>
        this.#listen(endpoint, binding, addressIndex, limit),
      )
    }
    this.#listeners.set(slot, { path, addressIndex })
    if (security !== undefined) this.#tls.bind(addressIndex, slot, security)
    if (!binding.coalesce) this.#coalescing = undefined
    return this.addresses(slot).local
  }

  /**
   * Makes a group: its members, in other threads, receive what this transport accepts. Returns the id with which they
   * join.
   */
  found(members: number, addresses: number, policy: Policy): number {
    return this.#check(this.poller.found(members, addresses, policy), '')
  }

  /** Bypasses a member that does not take its connections, or no longer does. Those in its queue go to the others. */
  hold(index: number, held: boolean): void {
    this.poller.hold(index, held)
  }

  /** Prepares for a binding whose peers another thread accepts. Must be called before `join`. */
  expectAccepted(binding: Binding, addressIndex: number, security?: ServerSecurity): void {
    if (security !== undefined) this.#tls.bind(addressIndex, -1, security)
    if (!binding.coalesce) this.#coalescing = undefined
  }

  /** Receives connections that a group accepts, until `depart`. */
  join(group: number, index: number): void {
    this.#check(this.poller.join(group, index), '')
    this.joined = true
  }

  resecure(addressIndex: number, security: ServerSecurity): void {
    this.#tls.resecure(addressIndex, security)
  }

  start(): void {
    this.#started = true
    this.poller.start()
  }

  dial(target: Binding, dialer: Dialer, security?: ClientSecurity): () => void {
    const dial = new NativeDial(this, target, dialer, security)
    dial.start()
    return () => dial.giveUp()
  }

  /**
   * Takes over a connected socket whose descriptor `plainDescriptor` returns. Destroys the socket; the connection
   * continues, with the input that the socket had read.
   */
  attach(socket: net.Socket, dialer: Dialer): void {
    const slot = this.poller.adopt(plainDescriptor(socket) ?? -1, true)
    if (slot < 0) {
      socket.destroy()
      return this.host.turn(() => dialer.failed(systemError(slot, ' attach')))
    }
    const link = new AttachedLink(this, slot, takeUnread(socket))
    socket.destroy()
    this.register(link)
    this.host.turn(() => {
      link.hears(dialer.connected(this, link))
      if (this.#links[slot & INDEX] === link) link.begin()
    })
  }

  flush(): void {
    this.writer.flush()
  }

  unbind(): void {
    for (const [slot, { path, addressIndex }] of this.#listeners) {
      path?.remove()
      if (this.#started) this.#acceptWaiting(slot, addressIndex)
      this.poller.close(slot, false)
    }
    this.#listeners.clear()
  }

  get handshaking(): number {
    return this.#tls.pending
  }

  /** Stops receiving connections from other threads. */
  depart(): void {
    if (this.joined) this.poller.part()
    this.joined = false
  }

  close(): void {
    this.unbind()
    this.depart()
    this.#tls.close()
    this.poller.stop()
  }

  /** The local and the remote address of a slot. */
  addresses(slot: number): { local: Address; remote: Address } {
    const names = this.poller.names(slot)
    if (typeof names === 'number') throw systemError(names)
    const [local, localPort, remote, remotePort] = names
    if (localPort < 0) return { local: unixAddress(local), remote: unixAddress(remote) }
    return {
      local: inetAddress('tcp', local, localPort),
      remote: inetAddress('tcp', remote, Math.max(remotePort, 0)),
    }
  }

  /** Registers a dial, which gets the outcome of the connect. */
  expect(slot: number, dial: NativeDial): void {
    this.#dials.set(slot, dial)
  }

  /** Registers a link, which gets the events of its slot. */
  register(link: NativeLink): void {
    this.#links[link.slot & INDEX] = link
  }

  /** Starts a handshake on a connection. */
  secure(
    link: NativeLink,
    security: ServerSecurity | ClientSecurity,
    unread: readonly Uint8Array[],
    outcome: Outcome,
  ): void {
    this.#tls.begin(link, security, unread, outcome)
  }

  /** Gives a connection away as a socket of its plain bytes. */
  detachTls(link: NativeLink, session: TlsSession, unread: readonly Uint8Array[]): net.Socket {
    this.forget(link.slot)
    return this.#tls.detach(link, session, unread)
  }

  /** Stops all events for a slot. */
  forget(slot: number): void {
    this.#links[slot & INDEX] = undefined
    this.#dials.delete(slot)
  }

  #listen(endpoint: Endpoint, binding: Binding, addressIndex: number, limit: number): number {
    const { host, port, dualStack } = endpoint
    const { backlog, reuseport } = binding
    const slot = this.poller.listen(host, port, addressIndex, limit, backlog, !dualStack, reuseport)
    return this.#check(slot, ` ${host}:${port}`)
  }

  #check(slot: number, where: string): number {
    if (slot < 0) throw systemError(slot, where)
    return slot
  }

  #deliver(at: number): void {
    const { events } = this.#input
    const slot = events[at] as number
    const kind = events[at + 1]
    const value = events[at + 2] as number
    const link = this.#links[slot & INDEX]
    if (kind === Event.Accepted) return this.#accepted(slot, value, events[at + 3] as number)
    if (link?.slot !== slot) return this.#dials.get(slot)?.connected(kind === Event.Connected ? 0 : value)
    if (kind === Event.Input) {
      const input = this.#input.view(at, value, events[at + 3] as number)
      if (this.sharesInput) link.lends(input, value)
      this.#coalescing?.input(link, events[at + 3] as number)
      link.receiver.input(input)
    } else if (kind === Event.Ended) link.receiver.ended()
    else if (kind === Event.Writable) link.receiver.writable()
    else if (kind === Event.Failed) link.receiver.failed(link.error(value))
    else if (kind === Event.Secured) link.receiver.secured?.()
    else if (kind === Event.Hello) link.hello(this.#input.text(value, events[at + 3] as number))
  }

  /** Most connections share this end. */
  #name(link: NativeLink, at: number): void {
    const { words } = this.#input
    const host = words[at] as number
    const port = words[at + 1] as number
    if (this.#local === undefined || host !== this.#localHost || port !== this.#local.port) {
      this.#localHost = host
      this.#local = ipv4Address(host, port)
    }
    link.local = this.#local
    link.remoteHost = words[at + 2] as number
    link.remotePort = words[at + 3] as number
  }

  /** The OS would reset waiting peers when it closes the listener. */
  #acceptWaiting(listener: number, addressIndex: number): void {
    for (let count = 0; count < MOST_WAITING; count++) {
      const slot = this.poller.accept(listener)
      if (slot < 0) return
      if (slot === MAX_INT) continue
      const accepted = () => this.#accepted(slot, addressIndex, -1)
      if (this.host.inTurn) accepted()
      else this.host.turn(accepted)
    }
  }

  /** `names`: the offset of both ends in the input, or negative if they are not there. */
  #accepted(slot: number, addressIndex: number, names: number): void {
    const link = new NativeLink(this, slot)
    if (names >= 0) this.#name(link, names / 4)
    this.register(link)
    const security = this.#tls.of(addressIndex)
    if (security === undefined) return link.hears(this.host.accepted(this, link, addressIndex))
    this.#tls.begin(link, security, [], {
      secured: () => link.hears(this.host.accepted(this, link, addressIndex)),
      failed: (error, remote) => {
        link.close({ reset: false })
        this.host.handshakeFailed?.(addressIndex, error, remote)
      },
    })
  }
}
