import * as net from 'node:net'
import { ipv4Address } from '../../address.js'
import type { Address } from '../../info.js'
import { keepAliveSeconds } from '../../loop/limits.js'
import type { TlsInfo } from '../../tls.js'
import type { Outbox } from '../outbox.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import type { StagingBuffer } from '../staging.js'
import { type FilePart, type Link, nobody, type Receiver, type Tuning } from '../transport.js'
import { type Poller, systemError } from './addon.js'
import type { Peer } from './coalescing.js'
import { Handshake, type Outcome } from './tls-handshake.js'
import type { TlsSession } from './tls-session.js'

const LINUX = process.platform === 'linux'

/** What a link needs of its transport. */
export interface LinkOwner {
  readonly poller: Poller
  readonly stage: StagingBuffer
  /** Gathers what links have to write. */
  readonly writer: { add(link: NativeLink, outbox: Outbox, file?: FilePart | undefined): void }
  /** The addresses that a slot is bound to, and connected to. */
  addresses(slot: number): { local: Address; remote: Address }
  /** Starts a handshake on a connection. */
  secure(
    link: NativeLink,
    security: ServerSecurity | ClientSecurity,
    unread: readonly Uint8Array[],
    outcome: Outcome,
  ): void
  /** Gives a connection away as a socket of its plain bytes. */
  detachTls(link: NativeLink, session: TlsSession, unread: readonly Uint8Array[]): net.Socket
  /** Delivers no more events of a slot. */
  forget(slot: number): void
}

/** One connection of the native transport. The addon identifies it by its slot. */
export class NativeLink implements Link, Peer {
  readonly slot: number
  /** Receives the link's events, or the handshake in progress does in its place. */
  receiver: Receiver = nobody
  taken = 0
  failure: Error | undefined
  /** The size of the last write if it ends with a part of a file; otherwise negative. */
  expected = -1
  heard = 0
  /** The last input, in the addon's memory, and its offset there: an echo is sent from there without a copy. */
  input: Uint8Array | undefined
  inputStart = 0
  /** The TLS session, once there is one. */
  session: TlsSession | undefined
  /** The two ends, if the addon reported them with the connection, as for an IPv4 peer. */
  local: Address | undefined
  remoteHost = 0
  remotePort = 0
  readonly #owner: LinkOwner

  constructor(owner: LinkOwner, slot: number) {
    this.#owner = owner
    this.slot = slot
  }

  /** Sets the receiver; if a handshake is in progress, the receiver after it. */
  hears(receiver: Receiver): void {
    if (this.receiver instanceof Handshake) this.receiver.next = receiver
    else this.receiver = receiver
  }

  /** A handshake begins and receives the link's events. */
  secures(session: TlsSession, handshake: Handshake): void {
    handshake.next = this.receiver
    this.session = session
    this.receiver = handshake
  }

  /** The handshake is over. */
  secured(handshake: Handshake): void {
    this.receiver = handshake.next
  }

  /** A client sent its server name. */
  hello(servername: string): void {
    const { receiver, session } = this
    if (receiver instanceof Handshake && session?.security.side === 'server')
      receiver.hello(servername, session.security)
  }

  /** Returns the error for a fault. */
  error(fault: number): Error {
    return this.session?.error(fault) ?? systemError(fault)
  }

  /** Records that the input being delivered is in the addon's memory, from `start` on. */
  lends(input: Uint8Array, start: number): void {
    this.input = input
    this.inputStart = start
  }

  get stage(): StagingBuffer {
    return this.#owner.stage
  }

  write(outbox: Outbox, file?: FilePart | undefined): void {
    this.#owner.writer.add(this, outbox, file)
  }

  get sendsFiles(): boolean {
    return LINUX && this.session === undefined
  }

  /** A turn sends a bounded part of a file. The next part can follow at once if the OS took all of this one. */
  get wantsWrite(): boolean {
    return this.taken === this.expected
  }

  unacknowledged(): number | undefined {
    const bytes = this.#owner.poller.unacknowledged(this.slot)
    return bytes < 0 ? undefined : bytes
  }

  read(wanted: boolean): void {
    this.#owner.poller.read(this.slot, wanted)
  }

  end(): void {
    // This can fail only if the peer is gone, which the next read reports.
    this.#owner.poller.end(this.slot)
  }

  get endsByClosing(): boolean {
    return this.session === undefined
  }

  get ending(): boolean {
    return this.session?.ending === true
  }

  get tls(): TlsInfo | undefined {
    return this.session?.info
  }

  secure(security: ServerSecurity | ClientSecurity, unread: readonly Uint8Array[]): void {
    this.#owner.secure(this, security, unread, {
      secured: () => this.receiver.secured?.(),
      failed: error => this.receiver.failed(error),
    })
  }

  close({ reset }: { reset: boolean }): void {
    if (this.receiver instanceof Handshake) this.receiver.giveUp()
    this.#owner.forget(this.slot)
    this.#owner.poller.close(this.slot, reset)
  }

  detach(unread: readonly Uint8Array[]): net.Socket {
    if (this.session !== undefined) return this.#owner.detachTls(this, this.session, unread)
    this.#owner.forget(this.slot)
    const fd = this.#owner.poller.release(this.slot)
    if (fd < 0) throw systemError(fd)
    const socket = new net.Socket({ fd, allowHalfOpen: true, readable: true, writable: true })
    for (const bytes of unread.toReversed()) socket.unshift(bytes)
    return socket
  }

  tune({ noDelay, keepAlive }: Tuning): void {
    if (noDelay === undefined && keepAlive === undefined) return
    const seconds = keepAlive === undefined ? -1 : keepAliveSeconds(keepAlive)
    // This can fail only if the connection is broken, which the next read reports.
    this.#owner.poller.tune(this.slot, noDelay === undefined ? -1 : Number(noDelay), seconds)
  }

  addresses(): { local: Address; remote: Address } {
    const { local, remoteHost, remotePort } = this
    if (local !== undefined) return { local, remote: ipv4Address(remoteHost, remotePort) }
    return this.session?.ends ?? this.#owner.addresses(this.slot)
  }
}

/** A link on a foreign socket, which its owner may have read from. */
export class AttachedLink extends NativeLink {
  #unread: Buffer | undefined

  constructor(owner: LinkOwner, slot: number, unread: Buffer | undefined) {
    super(owner, slot)
    this.#unread = unread
  }

  /** Delivers what the previous owner had read, before everything else. */
  begin(): void {
    const unread = this.#unread
    this.#unread = undefined
    if (unread !== undefined) this.receiver.input(unread)
  }

  override detach(unread: readonly Uint8Array[]): net.Socket {
    return super.detach(this.#unread === undefined ? unread : [this.#unread, ...unread])
  }
}
