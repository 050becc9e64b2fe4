import * as tls from 'node:tls'
import type { TlsClientOptions } from '../tls.js'
import { fingerprint } from './fingerprint.js'
import { Recent } from './recent.js'
import type { ClientSecurity, ServerSessions } from './security.js'
import { clientSecurity, servernameOf } from './tls-options.js'

/** Of each of both: a context takes some 50 KB, a session with the certificates of its server about 10. */
const MAX_CONTEXTS = 100
const MAX_SERVERS = 100
/** For so long a certificate is taken to be what it was when it was looked at. In milliseconds. */
const TRUSTED = 60 * 60 * 1000

/** Of Node 22.15 and later, where those that it trusts can be changed. It answers the same list until then. */
const { getCACertificates: defaultAuthorities } = tls as {
  getCACertificates?: (type: 'default') => readonly string[]
}

/** Whom a session is with. */
interface Server {
  readonly host: string
  readonly port: number
}

/**
 * TLS with the servers that a loop dials. The same options share a context, and dials to the same server by the same
 * options and name resume its newest session. What it knows is bounded; what has not been used for long goes first.
 */
export class TlsClients {
  readonly #securities = new Recent<ClientSecurity>(MAX_CONTEXTS)
  readonly #sessions = new Recent<ServerSessions>(MAX_SERVERS, TRUSTED)
  /** Whom Node trusts where the options do not say, and how often that has changed. */
  #authorities: unknown
  #changes = 0

  /** @throws as `clientSecurity` does. */
  of(options: TlsClientOptions, where: string, { host, port }: Server): ClientSecurity {
    const { servername: _, ...shared } = options
    const contents = fingerprint(shared)
    if (contents === undefined) return clientSecurity(options, where, host)
    const key = `${contents} ${options.ca ? 'own' : this.#lookAtAuthorities()}`
    let security = this.#securities.get(key)
    if (security === undefined) {
      security = clientSecurity(options, where, host)
      this.#securities.set(key, security)
    }
    const servername = servernameOf(options, where, host)
    const server = JSON.stringify([key, servername, host, port])
    return { ...security, profile: security, servername, sessions: this.#sessionsOf(server) }
  }

  #sessionsOf(server: string): ServerSessions {
    let sessions = this.#sessions.get(server)
    if (sessions === undefined) {
      sessions = { newest: undefined }
      this.#sessions.set(server, sessions)
    }
    return sessions
  }

  /** A program may change whom Node trusts by default, which a context keeps as it was. */
  #lookAtAuthorities(): number {
    const authorities: unknown = defaultAuthorities?.('default')
    if (authorities !== this.#authorities) this.#changes++
    this.#authorities = authorities
    return this.#changes
  }
}
