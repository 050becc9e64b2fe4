import * as net from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { RevioError } from '../../errors.js'
import { HandshakesByTimeout } from '../handshakes.js'
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

/** A binding whose connections start with a handshake. */
interface SecureBinding {
  readonly slot: number
  security: ServerSecurity
}

/** TLS of the native transport. The addon does the work; this class selects certificates and applies timeouts. */
export class NativeTls implements HandshakeOwner {
  readonly #options: NativeTlsOptions
  readonly #contexts: TlsContexts
  /** By address index. */
  readonly #bindings = new Map<number, SecureBinding>()
  /** Handshakes in progress. */
  readonly #pending = new Set<Handshake>()
  readonly #timed: HandshakesByTimeout

  constructor(options: NativeTlsOptions) {
    this.#options = options
    this.#timed = new HandshakesByTimeout(options.host.clock)
    this.#contexts = new TlsContexts(options.addon)
  }

  /** Makes the connections of a binding start with a handshake. */
  bind(addressIndex: number, slot: number, security: ServerSecurity): void {
    this.#contexts.of(security)
    this.#bindings.set(addressIndex, { slot, security })
    // If another thread accepts, that thread counts the handshakes.
    if (slot >= 0) this.#options.poller.limitHandshakes(slot, Math.min(security.maxHandshakes, MAX_INT))
  }

  resecure(addressIndex: number, security: ServerSecurity): void {
    const binding = this.#bindings.get(addressIndex)
    if (binding !== undefined) this.bind(addressIndex, binding.slot, security)
  }

  /** Returns the TLS options of a binding; undefined if it is plain. */
  of(addressIndex: number): ServerSecurity | undefined {
    return this.#bindings.get(addressIndex)?.security
  }

  /** Starts a handshake; the link's receiver gets events again once it is done. */
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
    this.#timed.add(handshake, security.handshakeTimeout)
    try {
      const sessions = this.#contexts.sessionsOf(security)
      this.#check(poller.secure(link.slot, this.#contexts.of(security), session.servername, sessions))
      for (const bytes of unread) this.#check(poller.feed(link.slot, bytes))
    } catch (error) {
      // In a later turn, because the caller that requested the handshake is still running.
      setImmediate(() => this.#options.host.turn(() => handshake.failed(error as Error)))
    }
  }

  /** Moves a link's descriptor and TLS state to a socket, which outlives the poller. */
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

  /** The number of handshakes in progress. */
  get pending(): number {
    return this.#pending.size
  }

  /** Abandons all handshakes in progress. */
  close(): void {
    for (const handshake of this.#pending) handshake.giveUp()
  }

  // For handshakes. /////////////////////////////////////////////////////////////////////////////////////////////////

  turn(run: () => void): void {
    this.#options.host.turn(run)
  }

  feed(slot: number, bytes: Uint8Array): void {
    this.#check(this.#options.poller.feed(slot, bytes))
  }

  choose(slot: number, options: SecureContextOptions | undefined, refused: boolean): void {
    const context = options === undefined ? undefined : this.#contexts.chosen(options)
    this.#options.poller.choose(slot, context, refused)
  }

  over(handshake: Handshake): void {
    this.#pending.delete(handshake)
    this.#timed.delete(handshake, handshake.session.security.handshakeTimeout)
    handshake.link.secured(handshake)
  }

  #check(fault: number): void {
    if (fault < 0) throw systemError(fault)
  }
}
