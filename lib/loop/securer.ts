import { checkObject } from '../checks.js'
import { RevioError } from '../errors.js'
import type { Info } from '../info.js'
import { show } from '../show.js'
import type { TlsUpgradeOptions } from '../tls.js'
import { HandshakesByTimeout } from '../transport/handshakes.js'
import type { MakeTls } from '../transport/layering.js'
import type { ClientSecurity, ServerSecurity } from '../transport/security.js'
import { clientSecurity, serverSecurity } from '../transport/tls-options.js'
import type { Clock } from './clock.js'
import type { Connection } from './connection.js'
import type { Counters } from './counters.js'
import { SecuringLink } from './securing-link.js'

/** What securing needs from the loop. */
export interface SecurerLoop {
  readonly clock: Clock
  readonly counters: Counters
  /** Runs something inside a turn. */
  turn(run: () => void): void
  /** Knows the targets of dialled connections. */
  readonly dialer: { hostOf(info: Info): string | undefined }
}

interface Known {
  readonly isServer: boolean
  readonly host: string | undefined
  readonly security: ServerSecurity | ClientSecurity
}

/** Upgrades open connections to TLS. */
export class Securer {
  readonly #loop: SecurerLoop
  /** Adds TLS around a link without TLS of its own. */
  readonly #makeTls: MakeTls
  /** Parsed options, by options object and side. */
  readonly #known = new WeakMap<object, Known>()
  readonly #timed: HandshakesByTimeout

  constructor(loop: SecurerLoop, makeTls: MakeTls) {
    this.#loop = loop
    this.#timed = new HandshakesByTimeout(loop.clock)
    this.#makeTls = makeTls
  }

  /** @throws `ERR_OPTION`, `ERR_TLS`, `ERR_UNSUPPORTED`; nothing changes. */
  secure(connection: Connection, options: TlsUpgradeOptions): void {
    const where = `secure: connection ${connection.id}`
    if (connection.transport.datagrams === true) {
      throw new RevioError('ERR_UNSUPPORTED', `${where}: TLS requires a stream; this is a datagram socket`)
    }
    if (connection.link.tls !== undefined || connection.link instanceof SecuringLink) {
      throw new RevioError('ERR_UNSUPPORTED', `${where}: the connection already uses TLS`)
    }
    this.#begin(connection, this.#securityOf(connection, options, where))
  }

  /** Each options object is parsed once, as creating a context takes a millisecond. */
  #securityOf(
    connection: Connection,
    options: TlsUpgradeOptions,
    where: string,
  ): ServerSecurity | ClientSecurity {
    checkObject(options, where)
    const { isServer = connection.info.addressIndex >= 0, ...tls } = options
    if (typeof isServer !== 'boolean') {
      const message = `${where}: option isServer: expected true or false; received ${show(isServer)}`
      throw new RevioError('ERR_OPTION', message)
    }
    const host = isServer ? undefined : this.#loop.dialer.hostOf(connection.info)
    const before = this.#known.get(options)
    if (before?.isServer === isServer && before.host === host) return before.security
    const security = isServer ? serverSecurity(tls, where) : clientSecurity(tls, where, host)
    this.#known.set(options, { isServer, host, security })
    return security
  }

  #begin(connection: Connection, security: ServerSecurity | ClientSecurity): void {
    const loop = this.#loop
    const peer = String(connection.info.remoteAddress)
    const unread = connection.held ?? []
    connection.held = undefined
    connection.layer((raw, host) => {
      // A link with TLS of its own times the handshake itself.
      const timed = raw.secure === undefined ? this.#timed : undefined
      const securing: SecuringLink = new SecuringLink(raw, {
        security,
        peer,
        unread,
        plain: connection.unsent,
        offered: Math.max(0, connection.offered),
        blocked: connection.blocked,
        layer: link => this.#makeTls(link, { security, peer, host }),
        turn: run => loop.turn(run),
        ready: () => loop.clock.soon(() => loop.turn(() => securing.begin())),
        begun: () => timed?.add(securing, security.handshakeTimeout),
        secured: (link, layer) => {
          loop.counters.secured(link.tls)
          connection.relayer(link, layer)
        },
        over: () => timed?.delete(securing, security.handshakeTimeout),
      })
      return securing
    })
    connection.regulate()
  }
}
