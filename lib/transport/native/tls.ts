import * as net from 'node:net'
import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import { Handshakes } from '../handshakes.js'
import type { ClientSecurity, ServerSecurity } from '../security.js'
import { tlsError } from '../tls-error.js'
import type { Host } from '../transport.js'
import { type Addon, type Poller, systemError } from './addon.js'
import { TlsContexts } from './tls-contexts.js'
import { detachedSocket } from './tls-detached.js'
import { Handshake } from './tls-handshake.js'
import { TlsSession } from './tls-session.js'

/** What comes of a handshake; one of the two is called, inside a turn. */
export interface Outcome {
  secured(): void
  failed(error: Error): void
}

/** A link, as TLS sees it. */
export interface SecuredLink {
  readonly slot: number
  /** A handshake begins, and hears of the link. */
  secures(session: TlsSession, handshake: Handshake): void
  /** It is over. */
  secured(handshake: Handshake): void
  close(options: { reset: boolean }): void
}

/** What TLS needs from the transport. */
export interface NativeTlsOptions {
  readonly addon: Addon
  readonly poller: Poller
  readonly host: Host
  readonly remoteOf: (slot: number) => Address
}

const MAX_INT = 2 ** 31 - 1

/** A binding whose connections begin with a handshake. */
interface SecureBinding {
  readonly slot: number
  security: ServerSecurity
}

/** TLS of the native transport: the addon does it, and here it is said with which certificates, and for how long. */
export class NativeTls {
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

  /** A peer has connected: `accepted` runs once its handshake is done. */
  accept(link: SecuredLink, addressIndex: number, security: ServerSecurity, accepted: () => void): void {
    const session = this.begin(link, security, [], {
      secured: accepted,
      failed: error => {
        link.close({ reset: false })
        this.#options.host.handshakeFailed?.(addressIndex, error, session.remote)
      },
    })
  }

  /** Begins a handshake; whoever hears of the link does so again when it is done. */
  begin(
    link: SecuredLink,
    security: ServerSecurity | ClientSecurity,
    unread: readonly Uint8Array[],
    outcome: Outcome,
  ): TlsSession {
    const { poller, remoteOf } = this.#options
    const session = new TlsSession({ poller, slot: link.slot, security, remote: remoteOf(link.slot) })
    const handshake = this.#handshake(link, session, outcome)
    link.secures(session, handshake)
    this.#pending.add(handshake)
    this.#timer(security.handshakeTimeout).add(handshake)
    try {
      this.#check(poller.secure(link.slot, this.#contexts.of(security), session.servername))
      for (const bytes of unread) this.#check(poller.feed(link.slot, bytes))
    } catch (error) {
      // In a turn of its own: who asked for the handshake is not done with asking.
      setImmediate(() => this.#options.host.turn(() => handshake.failed(error as Error)))
    }
    return session
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
    return new net.Socket({ fd }).destroy(new RevioError('ERR_TLS', `${what}: given up for a Detach`))
  }

  /** How many are under way. */
  get pending(): number {
    return this.#pending.size
  }

  /** Gives up what is under way. */
  close(): void {
    for (const handshake of this.#pending) handshake.giveUp()
  }

  #handshake(link: SecuredLink, session: TlsSession, { secured, failed }: Outcome): Handshake {
    const { poller, host } = this.#options
    const { slot } = link
    const timeout = session.security.handshakeTimeout
    const over = (handshake: Handshake) => {
      this.#pending.delete(handshake)
      this.#timer(timeout).delete(handshake)
      link.secured(handshake)
    }
    return new Handshake({
      timeout,
      turn: run => host.turn(run),
      feed: bytes => poller.feed(slot, bytes),
      choose: (options, refused) =>
        poller.choose(slot, options === undefined ? undefined : this.#contexts.chosen(options), refused),
      session,
      over,
      secured: () => {
        const error = session.identityError
        if (error === undefined) secured()
        else failed(tlsError(error, session.what))
      },
      failed,
    })
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
