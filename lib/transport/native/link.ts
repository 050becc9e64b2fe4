import * as net from 'node:net'
import { ipv4Address } from '../../address.js'
import type { Address } from '../../info.js'
import { keepAliveSeconds } from '../../loop/limits.js'
import type { TlsInfo } from '../../tls.js'
import type { Outbox } from '../outbox.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import type { StagingBuffer } from '../staging.js'
import { type FilePart, type Link, nobody, type Receiver, type Tuning } from '../transport.js'
import { systemError } from './addon.js'
import type { Peer } from './coalescing.js'
import { Handshake } from './tls-handshake.js'
import type { TlsSession } from './tls-session.js'
import type { NativeTransport } from './transport.js'

const LINUX = process.platform === 'linux'

/** One connection of the native transport. Its slot is all that the addon knows it by. */
export class NativeLink implements Link, Peer {
  readonly slot: number
  /** Hears of the link, or the handshake that is under way does in its place. */
  receiver: Receiver = nobody
  taken = 0
  failure: Error | undefined
  /** What the last write offers, where a part of a file is its end; else below 0. */
  expected = -1
  heard = 0
  /** The last input, in the addon's own memory, and where it begins there: what is echoed goes out from there. */
  input: Uint8Array | undefined
  inputStart = 0
  /** Once it speaks TLS. */
  session: TlsSession | undefined
  /** Both ends, where they came along with the connection: those of a peer on IPv4. */
  local: Address | undefined
  remoteHost = 0
  remotePort = 0
  readonly #transport: NativeTransport

  constructor(transport: NativeTransport, slot: number) {
    this.#transport = transport
    this.slot = slot
  }

  /** Names who hears of it; while a handshake is under way, when that is done. */
  hears(receiver: Receiver): void {
    if (this.receiver instanceof Handshake) this.receiver.next = receiver
    else this.receiver = receiver
  }

  /** A handshake begins: it hears of the link. */
  secures(session: TlsSession, handshake: Handshake): void {
    handshake.next = this.receiver
    this.session = session
    this.receiver = handshake
  }

  /** It is over. */
  secured(handshake: Handshake): void {
    this.receiver = handshake.next
  }

  /** A client asks for that name. */
  hello(servername: string): void {
    const { receiver, session } = this
    if (receiver instanceof Handshake && session?.security.side === 'server')
      receiver.hello(servername, session.security)
  }

  /** The error behind a fault. */
  error(fault: number): Error {
    return this.session?.error(fault) ?? systemError(fault)
  }

  /** Input is delivered that lies in the addon's memory, from `start` on. */
  lends(input: Uint8Array, start: number): void {
    this.input = input
    this.inputStart = start
  }

  get stage(): StagingBuffer {
    return this.#transport.stage
  }

  write(outbox: Outbox, file?: FilePart | undefined): void {
    this.#transport.writer.add(this, outbox, file)
  }

  get sendsFiles(): boolean {
    return LINUX && this.session === undefined
  }

  /** A turn sends a bounded part of a file: the next one follows, unless the peer has to take this one first. */
  get wantsWrite(): boolean {
    return this.taken === this.expected
  }

  unacknowledged(): number | undefined {
    const bytes = this.#transport.poller.unacknowledged(this.slot)
    return bytes < 0 ? undefined : bytes
  }

  read(wanted: boolean): void {
    this.#transport.poller.read(this.slot, wanted)
  }

  end(): void {
    // It can only fail when the peer has gone already, which the next read tells.
    this.#transport.poller.end(this.slot)
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
    this.#transport.secure(this, security, unread, {
      secured: () => this.receiver.secured?.(),
      failed: error => this.receiver.failed(error),
    })
  }

  close({ reset }: { reset: boolean }): void {
    if (this.receiver instanceof Handshake) this.receiver.giveUp()
    this.#transport.forget(this.slot)
    this.#transport.poller.close(this.slot, reset)
  }

  detach(unread: readonly Uint8Array[]): net.Socket {
    if (this.session !== undefined) return this.#transport.detachTls(this, this.session, unread)
    this.#transport.forget(this.slot)
    const fd = this.#transport.poller.release(this.slot)
    if (fd < 0) throw systemError(fd)
    const socket = new net.Socket({ fd, allowHalfOpen: true, readable: true, writable: true })
    for (const bytes of unread.toReversed()) socket.unshift(bytes)
    return socket
  }

  tune({ noDelay, keepAlive }: Tuning): void {
    if (noDelay === undefined && keepAlive === undefined) return
    const seconds = keepAlive === undefined ? -1 : keepAliveSeconds(keepAlive)
    // It can only fail when the connection is broken, which the next read tells.
    this.#transport.poller.tune(this.slot, noDelay === undefined ? -1 : Number(noDelay), seconds)
  }

  addresses(): { local: Address; remote: Address } {
    const { local, remoteHost, remotePort } = this
    if (local !== undefined) return { local, remote: ipv4Address(remoteHost, remotePort) }
    return this.session?.ends ?? this.#transport.addresses(this.slot)
  }
}

/** One that somebody else has made, and may have read from. */
export class AttachedLink extends NativeLink {
  #unread: Buffer | undefined

  constructor(transport: NativeTransport, slot: number, unread: Buffer | undefined) {
    super(transport, slot)
    this.#unread = unread
  }

  /** Delivers what has been read, in front of everything else. */
  begin(): void {
    const unread = this.#unread
    this.#unread = undefined
    if (unread !== undefined) this.receiver.input(unread)
  }

  override detach(unread: readonly Uint8Array[]): net.Socket {
    return super.detach(this.#unread === undefined ? unread : [this.#unread, ...unread])
  }
}
