import * as tls from 'node:tls'
import type { TlsClientOptions } from '../tls.js'
import { fingerprint } from './fingerprint.js'
import { LruMap } from './lru-map.js'
import type { ClientSecurity, ServerSessions } from './security.js'
import { clientSecurity, servernameOf } from './tls-options.js'

/** A context takes about 50 KB, a session with its server's certificates about 10 KB. */
const MAX_CONTEXTS = 100
const MAX_SERVERS = 100
/** Milliseconds for which the certificate of a session stays trusted after it was verified. */
const TRUSTED = 60 * 60 * 1000

/**
 * Exists in Node 22.15 and later, which can change the default authorities. It returns the same array until they
 * change.
 */
const { getCACertificates: defaultAuthorities } = tls as {
  getCACertificates?: (type: 'default') => readonly string[]
}

/** The server that a session belongs to. */
interface Server {
  readonly host: string
  readonly port: number
}

/**
 * The TLS state for the servers that a loop dials. Dials with the same options share a context, and dials with the
 * same options and name to the same server resume its newest session. The state is bounded: the least recently used
 * entries are evicted.
 */
export class TlsClients {
  readonly #securities = new LruMap<ClientSecurity>(MAX_CONTEXTS)
  readonly #sessions = new LruMap<ServerSessions>(MAX_SERVERS, TRUSTED)
  /** The default authorities, and how often they have changed. */
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

  /** A program may change Node's default authorities, but an existing context keeps the old ones. */
  #lookAtAuthorities(): number {
    const authorities: unknown = defaultAuthorities?.('default')
    if (authorities !== this.#authorities) this.#changes++
    this.#authorities = authorities
    return this.#changes
  }
}
