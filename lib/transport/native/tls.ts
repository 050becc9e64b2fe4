import * as net from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { RevioError } from '../../errors.js'
import { Handshakes } from '../handshakes.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import type { Host } from '../transport.js'
import { type Addon, type Poller, systemError } from './addon.js'
import { TlsContexts } from './tls-contexts.js'
import { detachedSocket } from './tls-detached.js'
import { Handshake, type HandshakeOwner, type Outcome, type SecuredLink } from './tls-handshake.js'
import { TlsSession } from './tls-session.js'

/** What TLS needs from the transport. */
export interface NativeTlsOptions {
  readonly addon: Addon
  readonly poller: Poller
  readonly host: Host
}

const MAX_INT = 2 ** 31 - 1

/** A binding whose connections begin with a handshake. */
interface SecureBinding {
  readonly slot: number
  security: ServerSecurity
}

/** TLS of the native transport: the addon does it, and here it is said with which certificates, and for how long. */
export class NativeTls implements HandshakeOwner {
  readonly #options: NativeTlsOptions
  readonly #contexts: TlsContexts
  /** By the index of the address. */
  readonly #bindings = new Map<number, SecureBinding>()
  /** Those that are under way. */
  readonly #pending = new Set<Handshake>()
  /** By the time that they are given. */
  readonly #timers = new Map<number, Handshakes>()

  constructor(options: NativeTlsOptions) {
    this.#options = options
    this.#contexts = new TlsContexts(options.addon)
  }

  /** What that binding accepts begins with a handshake. */
  bind(addressIndex: number, slot: number, security: ServerSecurity): void {
    this.#contexts.of(security)
    this.#bindings.set(addressIndex, { slot, security })
    // Where another thread accepts, it counts them.
    if (slot >= 0) this.#options.poller.limitHandshakes(slot, Math.min(security.maxHandshakes, MAX_INT))
  }

  resecure(addressIndex: number, security: ServerSecurity): void {
    const binding = this.#bindings.get(addressIndex)
    if (binding !== undefined) this.bind(addressIndex, binding.slot, security)
  }

  /** What the connections to that address begin with; undefined where they are plain. */
  of(addressIndex: number): ServerSecurity | undefined {
    return this.#bindings.get(addressIndex)?.security
  }

  /** Begins a handshake; whoever hears of the link does so again when it is done. */
  begin(
    link: SecuredLink,
    security: ServerSecurity | ClientSecurity,
    unread: readonly Uint8Array[],
    outcome: Outcome,
  ): void {
    const { poller } = this.#options
    const session = new TlsSession({ poller, link, security })
    const handshake = new Handshake(this, link, session, outcome)
    link.secures(session, handshake)
    this.#pending.add(handshake)
    this.#timer(security.handshakeTimeout).add(handshake)
    try {
      const sessions = this.#contexts.sessionsOf(security)
      this.#check(poller.secure(link.slot, this.#contexts.of(security), session.servername, sessions))
      for (const bytes of unread) this.#check(poller.feed(link.slot, bytes))
    } catch (error) {
      // In a turn of its own: who asked for the handshake is not done with asking.
      setImmediate(() => this.#options.host.turn(() => handshake.failed(error as Error)))
    }
  }

  /** Gives a link's descriptor and its TLS to a socket, which outlives the poller. */
  detach({ slot }: SecuredLink, { security, what }: TlsSession, unread: readonly Uint8Array[]): net.Socket {
    const { addon, poller } = this.#options
    const codec = poller.takeTls(slot)
    const fd = poller.release(slot)
    if (fd < 0) throw systemError(fd)
    if (codec !== undefined) {
      return detachedSocket({ addon, codec, fd, unread, allowTruncation: security.allowTruncation })
    }
    return new net.Socket({ fd }).destroy(new RevioError('ERR_TLS', `${what}: discarded by Detach`))
  }

  /** How many are under way. */
  get pending(): number {
    return this.#pending.size
  }

  /** Gives up what is under way. */
  close(): void {
    for (const handshake of this.#pending) handshake.giveUp()
  }

  // For handshakes. /////////////////////////////////////////////////////////////////////////////////////////////////

  turn(run: () => void): void {
    this.#options.host.turn(run)
  }

  feed(slot: number, bytes: Uint8Array): void {
    this.#options.poller.feed(slot, bytes)
  }

  choose(slot: number, options: SecureContextOptions | undefined, refused: boolean): void {
    const context = options === undefined ? undefined : this.#contexts.chosen(options)
    this.#options.poller.choose(slot, context, refused)
  }

  over(handshake: Handshake): void {
    this.#pending.delete(handshake)
    this.#timer(handshake.session.security.handshakeTimeout).delete(handshake)
    handshake.link.secured(handshake)
  }

  #timer(timeout: number): Handshakes {
    let timer = this.#timers.get(timeout)
    if (timer === undefined) {
      timer = new Handshakes(this.#options.host.clock, timeout)
      this.#timers.set(timeout, timer)
    }
    return timer
  }

  #check(fault: number): void {
    if (fault < 0) throw systemError(fault)
  }
}
