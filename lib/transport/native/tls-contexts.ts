import { Buffer } from 'node:buffer'
import { hkdfSync } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { RevioError } from '../../errors.js'
import type { ClientSecurity, ServerSecurity, ServerSessions } from '../security.js'
import { type Addon, ContextFlag, type SecureContext, type TlsSessions } from './addon.js'

/**
 * OpenSSL's ticket keys: a name of 16 bytes, and an HMAC key and an AES key of 32 bytes each. Node has 16 bytes for
 * each.
 */
const TICKET_KEYS = 80

/**
 * OpenSSL contexts, made once each by Node's own parser of certificates and options. They are private to the addon:
 * callbacks that Node adds to a context rely on Node's own objects.
 */
export class TlsContexts {
  readonly #addon: Addon
  readonly #contexts = new WeakMap<object, SecureContext>()
  readonly #sessions = new WeakMap<ServerSessions, TlsSessions>()

  constructor(addon: Addon) {
    this.#addon = addon
  }

  /** @throws `ERR_OSSL_…` if OpenSSL rejects the options. */
  of(security: ServerSecurity | ClientSecurity): SecureContext {
    const key = security.side === 'client' ? (security.profile ?? security) : security
    return this.#find(key, () => this.#make(security.context, flagsOf(security), security.alpn))
  }

  /** Returns the context that replaces the default for a client's server name. */
  chosen(options: SecureContextOptions): SecureContext {
    return this.#find(options, () => this.#make(options, ContextFlag.Server, undefined))
  }

  /** Returns the addon's session store for a server; undefined if sessions are not kept. */
  sessionsOf(security: ServerSecurity | ClientSecurity): TlsSessions | undefined {
    const key = security.side === 'client' ? security.sessions : undefined
    if (key === undefined) return undefined
    let sessions = this.#sessions.get(key)
    if (sessions === undefined) {
      sessions = this.#addon.tlsSessions()
      this.#sessions.set(key, sessions)
    }
    return sessions
  }

  #find(key: object, make: () => SecureContext): SecureContext {
    let context = this.#contexts.get(key)
    if (context === undefined) {
      context = make()
      this.#contexts.set(key, context)
    }
    return context
  }

  #make(options: SecureContextOptions, flags: number, alpn: Buffer | undefined): SecureContext {
    const make = () => void createSecureContext(options)
    const context = this.#addon.secureContext(make, flags, alpn, ticketKeys(options.ticketKeys))
    if (context === undefined)
      throw new RevioError('ERR_TLS', 'createSecureContext created no OpenSSL context')
    return context
  }
}

function flagsOf(security: ServerSecurity | ClientSecurity): number {
  let flags = 0
  if (security.allowTruncation) flags |= ContextFlag.Truncates
  if (security.rejectUnauthorized) flags |= ContextFlag.Requires
  if (security.side === 'client') return flags | ContextFlag.Verifies
  flags |= ContextFlag.Server
  if (security.requestCert) flags |= ContextFlag.Verifies
  if (security.choose !== undefined) flags |= ContextFlag.Chooses
  return flags
}

/** Servers with the same keys accept each other's tickets. */
function ticketKeys(given: Buffer | undefined): Buffer | undefined {
  if (given === undefined) return undefined
  return Buffer.from(hkdfSync('sha256', given, '', 'revio session tickets', TICKET_KEYS))
}
