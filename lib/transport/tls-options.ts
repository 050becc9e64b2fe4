import { Buffer } from 'node:buffer'
import { createHash, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { RevioError } from '../errors.js'
import { isPromiseLike } from '../promise-like.js'
import { kindOf, show } from '../show.js'
import type { TlsClientOptions, TlsOptions, TlsServerOptions } from '../tls.js'
import { checkContext } from './secure-context.js'
import type { ClientSecurity, Security, ServerSecurity } from './security.js'

const CONTEXT = [
  'allowPartialTrustChain',
  'ca',
  'cert',
  'ciphers',
  'clientCertEngine',
  'crl',
  'dhparam',
  'ecdhCurve',
  'honorCipherOrder',
  'key',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'secureOptions',
  'sessionIdContext',
  'sessionTimeout',
  'sigalgs',
  'ticketKeys',
]
const BOTH = [...CONTEXT, 'ALPNProtocols', 'allowTruncation', 'handshakeTimeout', 'rejectUnauthorized']
const SERVER: ReadonlySet<string> = new Set([...BOTH, 'requestCert', 'maxHandshakes', 'choose'])
const CLIENT: ReadonlySet<string> = new Set([...BOTH, 'servername'])
const CHOSEN: ReadonlySet<string> = new Set(CONTEXT)
const VERSIONS: readonly unknown[] = ['TLSv1.2', 'TLSv1.3', undefined]

const HANDSHAKE_TIMEOUT = 10_000
const MAX_HANDSHAKES = 1024
/** The length of session ticket keys in node:tls. */
const TICKET_KEYS = 48
/** OpenSSL's `SSL_OP_NO_RENEGOTIATION`, which Node does not export. */
const NO_RENEGOTIATION = 2 ** 30

/**
 * Validates the options of a TLS server.
 *
 * @param where - The call or address that they were passed to, for messages.
 * @param before - The previous options: their sessions remain resumable.
 * @throws `ERR_OPTION`, naming option and value; `ERR_TLS` with OpenSSL's reason.
 */
export function serverSecurity(
  options: TlsServerOptions,
  where: string,
  before?: ServerSecurity,
): ServerSecurity {
  checkNames(options, SERVER, where)
  const { requestCert = false, maxHandshakes = MAX_HANDSHAKES, choose } = options
  checkBoolean('requestCert', requestCert, where)
  if (
    !(maxHandshakes === Number.POSITIVE_INFINITY || Number.isSafeInteger(maxHandshakes)) ||
    maxHandshakes < 1
  ) {
    wrong(where, 'maxHandshakes', 'expected a positive integer', maxHandshakes)
  }
  if (choose !== undefined && typeof choose !== 'function')
    wrong(where, 'choose', 'expected a function', choose)
  if (missing(options.cert) && missing(options.pfx) && choose === undefined) {
    throw new RevioError(
      'ERR_OPTION',
      `${where}: a server requires the options cert and key, or pfx, or choose`,
    )
  }
  const both = security(options, where, {
    honorCipherOrder: true,
    sessionIdContext: createHash('sha256').update(sessionScope(options)).digest('hex').slice(0, 32),
    ticketKeys: before?.context.ticketKeys ?? randomBytes(TICKET_KEYS),
  })
  const chosen = choose === undefined ? undefined : chooser(choose.bind(options), both.context, where)
  return { side: 'server', ...both, requestCert, maxHandshakes, choose: chosen }
}

/**
 * Validates the options of a TLS client.
 *
 * @param host - The default of `servername`; undefined: the options must have one.
 * @throws as `serverSecurity` does.
 */
export function clientSecurity(
  options: TlsClientOptions,
  where: string,
  host: string | undefined,
): ClientSecurity {
  checkNames(options, CLIENT, where)
  checkServername(options.servername, where)
  const both = security(options, where, {})
  return { side: 'client', ...both, servername: servernameOf(options, where, host) }
}

/** The identity that the server's certificate must have. */
export function servernameOf(options: TlsClientOptions, where: string, host: string | undefined): string {
  const { servername = host, rejectUnauthorized = true } = options
  checkServername(options.servername, where)
  if (servername === undefined && rejectUnauthorized) {
    const needed = 'requires option servername, the name that its certificate must be for'
    throw new RevioError('ERR_OPTION', `${where}: a connection that was not dialled by name ${needed}`)
  }
  return withoutZone(servername ?? '')
}

function checkServername(servername: unknown, where: string): void {
  if (servername === undefined || (typeof servername === 'string' && servername !== '')) return
  wrong(where, 'servername', 'expected a name or an IP address', servername)
}

function security(
  options: TlsOptions & { rejectUnauthorized?: boolean | undefined },
  where: string,
  defaults: SecureContextOptions,
): Security {
  const { rejectUnauthorized = true, allowTruncation = false, handshakeTimeout = HANDSHAKE_TIMEOUT } = options
  checkBoolean('rejectUnauthorized', rejectUnauthorized, where)
  checkBoolean('allowTruncation', allowTruncation, where)
  if (!(typeof handshakeTimeout === 'number' && handshakeTimeout > 0)) {
    wrong(where, 'handshakeTimeout', 'expected a positive number of milliseconds', handshakeTimeout)
  }
  const context = contextOptions(options, where, defaults)
  const alpn = encodeProtocols(options.ALPNProtocols, where)
  return { context, alpn, rejectUnauthorized, handshakeTimeout, allowTruncation }
}

/** The options of the context, with those that this library enforces. */
function contextOptions(
  options: SecureContextOptions,
  where: string,
  defaults: SecureContextOptions,
): SecureContextOptions {
  const given = Object.entries(options).filter(([name, value]) => CHOSEN.has(name) && value !== undefined)
  const context: SecureContextOptions = {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ...defaults,
    ...Object.fromEntries(given),
  }
  const { minVersion, maxVersion, ticketKeys, cert, key, secureOptions = 0 } = context
  for (const [name, value] of Object.entries({ minVersion, maxVersion })) {
    if (!VERSIONS.includes(value)) wrong(where, name, 'expected TLSv1.2 or TLSv1.3', value)
  }
  if (ticketKeys !== undefined && !(ticketKeys instanceof Uint8Array && ticketKeys.length === TICKET_KEYS)) {
    const given =
      ticketKeys instanceof Uint8Array ? `${(ticketKeys as Uint8Array).length} bytes` : typeof ticketKeys
    wrong(where, 'ticketKeys', `expected a Buffer of ${TICKET_KEYS} bytes`, given)
  }
  if (!missing(cert) && missing(key) && context.privateKeyIdentifier === undefined) {
    throw new RevioError('ERR_OPTION', `${where}: option cert requires its private key, the option key`)
  }
  context.secureOptions = Number(BigInt(secureOptions) | BigInt(NO_RENEGOTIATION))
  checkContext(context, where)
  return context
}

/** Validates the options that `choose` returns, each object once. */
function chooser(
  choose: NonNullable<TlsServerOptions['choose']>,
  own: SecureContextOptions,
  where: string,
): NonNullable<ServerSecurity['choose']> {
  const { minVersion, maxVersion, ticketKeys, sessionIdContext, honorCipherOrder } = own
  const defaults = { minVersion, maxVersion, ticketKeys, sessionIdContext, honorCipherOrder }
  const known = new WeakMap<object, SecureContextOptions>()
  const checked = (options: SecureContextOptions | null | undefined): SecureContextOptions | undefined => {
    if (options === null || options === undefined) return undefined
    checkNames(options, CHOSEN, `${where}: choose`)
    const before = known.get(options)
    if (before !== undefined) return before
    const made = contextOptions(options, `${where}: choose`, defaults as SecureContextOptions)
    known.set(options, made)
    return made
  }
  return servername => {
    const chosen = choose(servername)
    return isPromiseLike(chosen) ? chosen.then(checked) : checked(chosen)
  }
}

/** A session is not resumed under options that require other client certificates. */
function sessionScope({ requestCert, rejectUnauthorized, ca }: TlsServerOptions): string {
  return JSON.stringify([requestCert === true, rejectUnauthorized !== false, ca ?? null])
}

/** Encodes the protocols for the wire: each preceded by its length in one byte. */
function encodeProtocols(protocols: unknown, where: string): Buffer | undefined {
  if (protocols === undefined) return undefined
  const needed = 'expected a list of names, each of 1 to 255 bytes'
  if (!Array.isArray(protocols)) return wrong(where, 'ALPNProtocols', needed, protocols)
  const pieces = protocols.map((name: unknown) => {
    const length = typeof name === 'string' ? Buffer.byteLength(name) : 0
    if (length < 1 || length > 255) wrong(where, 'ALPNProtocols', needed, name)
    return Buffer.concat([Buffer.of(length), Buffer.from(String(name))])
  })
  return pieces.length === 0 ? undefined : Buffer.concat(pieces)
}

function checkNames(options: object, known: ReadonlySet<string>, where: string): void {
  if (typeof options !== 'object' || options === null) wrong(where, 'tls', 'expected an object', options)
  for (const name of Object.keys(options)) {
    if (known.has(name)) continue
    const hint =
      name === 'secureProtocol'
        ? 'minVersion and maxVersion say which versions are taken'
        : `known options are ${[...known].join(', ')}`
    throw new RevioError('ERR_OPTION', `${where}: unknown option "${name}" for TLS; ${hint}`)
  }
}

function checkBoolean(name: string, value: unknown, where: string): void {
  if (typeof value !== 'boolean') wrong(where, name, 'expected true or false', value)
}

function wrong(where: string, name: string, needed: string, given: unknown): never {
  throw new RevioError('ERR_OPTION', `${where}: option ${name}: ${needed}; received ${shown(given)}`)
}

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return kindOf(value)
  return typeof value === 'string' ? `"${show(value)}"` : show(value)
}

function missing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

/** An IPv6 zone has a meaning only on this machine, so no certificate contains it. */
function withoutZone(host: string): string {
  const [address = ''] = host.split('%')
  return isIP(address) === 6 ? address : host
}
