import { isIP } from 'node:net'
import { RevioError } from './errors.js'
import type { Address } from './info.js'
import { show } from './show.js'

/** The schemes of addresses, without the suffix `-net`, which selects the portable transport. */
export type Scheme =
  | 'tcp'
  | 'tcp4'
  | 'tcp6'
  | 'tls'
  | 'tls4'
  | 'tls6'
  | 'unix'
  | 'fd'
  | 'udp'
  | 'udp4'
  | 'udp6'

/** A parsed address of `serve`: what to bind, and how. */
export interface Binding {
  /** The address as written, for messages. */
  readonly text: string
  readonly scheme: Scheme
  /** Whether the scheme ended in `-net`. */
  readonly portable: boolean
  /** Empty: all local addresses. Empty for `unix`. */
  readonly host: string
  /** 0: any free port. 0 for `unix`. */
  readonly port: number
  /** Empty for all but `unix`. A name that begins with `@` is in Linux's abstract namespace. */
  readonly path: string
  /** For `fd`: the descriptor, already listening. */
  readonly fd?: number
  /** Whether to expect a PROXY protocol header. Absent: no. */
  readonly proxy?: 'require' | 'allow'
  readonly reuseport: boolean
  /** Length of the accept queue. */
  readonly backlog: number
  /** Limit on open connections; at the limit the address stops accepting. */
  readonly maxConnections: number
  /** Whether the loop may delay polls to batch more events when many peers keep it busy. */
  readonly coalesce: boolean
  /** Permission bits of a Unix socket's path; undefined: according to the umask. */
  readonly mode: number | undefined
  /** The address's TLS options, by name; undefined for schemes without TLS. */
  readonly tls: ReadonlyMap<string, string> | undefined
}

type Settings = Pick<
  Binding,
  'reuseport' | 'backlog' | 'maxConnections' | 'coalesce' | 'mode' | 'tls' | 'proxy'
>

const SCHEMES: readonly string[] = [
  'tcp',
  'tcp4',
  'tcp6',
  'tls',
  'tls4',
  'tls6',
  'unix',
  'fd',
  'udp',
  'udp4',
  'udp6',
] satisfies Scheme[]

/** The TLS options of an address; `lib/transport/tls-options.ts` parses their values. */
export const TLS_SETTINGS: readonly string[] = [
  'cert',
  'key',
  'passphrase',
  'ca',
  'alpn',
  'requestCert',
  'rejectUnauthorized',
  'servername',
  'minVersion',
  'maxVersion',
  'ciphers',
  'handshakeTimeout',
  'maxHandshakes',
  'allowTruncation',
]
/** More than any system allows: each caps it, Linux at `net.core.somaxconn`. */
const DEFAULT_BACKLOG = 65_535
/** The kernel's `sun_path` holds 108 bytes on Linux and 104 on macOS and the BSDs, the final zero included. */
export const MAX_PATH = process.platform === 'linux' ? 107 : 103

/**
 * Parses an address: `scheme://where?option=value&…`; the default scheme is `tcp`.
 *
 * @throws `ERR_ADDRESS`, naming the address and the fault.
 */
export function parseAddress(text: string): Binding {
  const wrong = (what: string): never => {
    throw new RevioError('ERR_ADDRESS', `address "${show(text)}": ${what}`)
  }
  if (typeof text !== 'string') return wrong(`expected a string; received ${typeof text}`)
  const colon = text.indexOf('://')
  const fullScheme = colon < 0 ? 'tcp' : text.slice(0, colon)
  const rest = colon < 0 ? text : text.slice(colon + 3)
  const portable = fullScheme.endsWith('-net')
  const scheme = portable ? fullScheme.slice(0, -4) : fullScheme
  if (!isScheme(scheme)) {
    return wrong(
      `unknown scheme "${fullScheme}"; known schemes are ${SCHEMES.join(', ')}, each also with -net`,
    )
  }
  const question = rest.indexOf('?')
  const where = question < 0 ? rest : rest.slice(0, question)
  const settings = parseSettings(question < 0 ? '' : rest.slice(question + 1), scheme, wrong)
  return { text, scheme, portable, ...parsePlace(where, scheme, settings, wrong), ...settings }
}

function parsePlace(where: string, scheme: Scheme, { mode }: Settings, wrong: (what: string) => never) {
  if (scheme === 'fd') return parseDescriptor(where, wrong)
  if (scheme !== 'unix') return parseHostPort(where, scheme, wrong)
  if (where.startsWith('@') && mode !== undefined)
    wrong('option mode applies to paths; an abstract name has no permissions')
  return parsePath(where, wrong)
}

function parseDescriptor(where: string, wrong: (what: string) => never) {
  if (!/^(?:0|[1-9]\d{0,8})$/.test(where))
    wrong(`invalid descriptor "${where}": expected a number, as in fd://3`)
  return { host: '', port: 0, path: '', fd: Number(where) }
}

/** Whether a name is in Linux's abstract namespace, where sockets have no file. */
export function isAbstract({ path }: Pick<Binding, 'path'>): boolean {
  return path.startsWith('@')
}

/** The name in the system's form: an abstract one begins with a zero byte. */
export function systemName(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path
}

function isScheme(name: string): name is Scheme {
  return SCHEMES.includes(name)
}

function parsePath(where: string, wrong: (what: string) => never) {
  if (where === '') wrong('missing path')
  if (where.includes('\0')) wrong('the path contains a zero byte')
  const length = Buffer.byteLength(where)
  if (length > MAX_PATH)
    wrong(`the path is ${length} bytes long; a Unix socket's path may have at most ${MAX_PATH}`)
  return { host: '', port: 0, path: where }
}

function parseHostPort(where: string, scheme: Scheme, wrong: (what: string) => never) {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(where)
  if (match === null) {
    return wrong(
      /^[^[].*:.*:/.test(where)
        ? 'an IPv6 host needs brackets, as in tcp6://[::1]:5000'
        : `expected host and port, as in ${scheme}://127.0.0.1:5000`,
    )
  }
  const [, bracketed, plain, portText = ''] = match
  const host = bracketed ?? plain ?? ''
  if (bracketed !== undefined && !isIPv6(host)) wrong(`invalid IPv6 address "${host}"`)
  if (bracketed !== undefined && scheme.endsWith('4')) wrong(`${scheme} does not accept an IPv6 host`)
  if (isIPv4(host) && scheme.endsWith('6')) wrong(`${scheme} does not accept an IPv4 host`)
  if (bracketed === undefined && /[\s/@]/.test(host)) wrong(`invalid host "${host}"`)
  if (!/^\d{1,5}$/.test(portText) || Number(portText) > 65535)
    wrong(`invalid port "${portText}": expected 0 to 65535`)
  return { host, port: Number(portText), path: '' }
}

function parseSettings(query: string, scheme: Scheme, wrong: (what: string) => never): Settings {
  let reuseport = false
  let backlog = DEFAULT_BACKLOG
  let maxConnections = Number.POSITIVE_INFINITY
  let coalesce = true
  let mode: number | undefined
  let proxy: 'require' | 'allow' | undefined
  const tls = scheme.startsWith('tls') || scheme === 'fd' ? new Map<string, string>() : undefined
  const truth = (name: string, value: string): boolean => {
    if (value !== 'true' && value !== 'false') wrong(`option ${name}=${value}: expected true or false`)
    return value === 'true'
  }
  const count = (name: string, value: string): number => {
    if (!/^[1-9]\d{0,8}$/.test(value)) wrong(`option ${name}=${value}: expected a number from 1 to 999999999`)
    return Number(value)
  }
  for (const part of query === '' ? [] : query.split('&')) {
    const [name = '', value = ''] = part.split(/=(.*)/s)
    if (name === 'reuseport' && scheme !== 'unix' && scheme !== 'fd') reuseport = truth(name, value)
    else if (name === 'backlog' && !scheme.startsWith('udp') && scheme !== 'fd') backlog = count(name, value)
    else if (name === 'coalesce' && !scheme.startsWith('udp')) coalesce = truth(name, value)
    else if (name === 'proxy' && !scheme.startsWith('udp')) {
      if (value !== 'require' && value !== 'allow') wrong(`option proxy=${value}: expected require or allow`)
      proxy = value as typeof proxy
    } else if (name === 'maxConnections') maxConnections = count(name, value)
    else if (name === 'mode' && scheme === 'unix') {
      if (!/^[0-7]{3,4}$/.test(value)) wrong(`option mode=${value}: expected octal permissions such as 660`)
      mode = Number.parseInt(value, 8)
    } else if (tls !== undefined && TLS_SETTINGS.includes(name)) tls.set(name, decode(name, value, wrong))
    else wrong(`unknown option "${name}" for ${scheme}; ${knownOptions(scheme)}`)
  }
  const settings = { reuseport, backlog, maxConnections, coalesce, mode }
  // The scheme `fd` has TLS only through these options.
  const spoken = scheme === 'fd' && tls?.size === 0 ? undefined : tls
  return { ...settings, tls: spoken, ...(proxy && { proxy }) }
}

/** Decodes escapes such as `%26` for `&` in paths and passwords. */
function decode(name: string, value: string, wrong: (what: string) => never): string {
  if (value === '') wrong(`option ${name}: missing value`)
  try {
    return decodeURIComponent(value)
  } catch {
    return wrong(`option ${name}=${value}: "%" must begin an escape such as %25`)
  }
}

function knownOptions(scheme: Scheme): string {
  if (scheme === 'unix') return 'known options are backlog, maxConnections, coalesce, proxy, mode'
  if (scheme === 'fd') return `known options are maxConnections, coalesce, proxy, ${TLS_SETTINGS.join(', ')}`
  if (scheme.startsWith('udp')) return 'known options are reuseport, maxConnections'
  const known = 'known options are reuseport, backlog, maxConnections, coalesce, proxy'
  return scheme.startsWith('tls') ? `${known}, ${TLS_SETTINGS.join(', ')}` : known
}

function isIPv4(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host)
}

/** The zone is an interface name, which can contain almost anything: `eth0.100`, `br-0a1b`. */
function isIPv6(host: string): boolean {
  const [numbers = '', zone] = host.split(/%(.*)/s)
  return isIP(numbers) === 6 && (zone === undefined || /^[^\s/%]+$/.test(zone))
}

/** Constants, so that addresses share these strings. */
const NETWORKS = { tcp4: 'tcp4', tcp6: 'tcp6', udp4: 'udp4', udp6: 'udp6' } as const

/** One end of an internet connection. A mapped IPv4 host (`::ffff:1.2.3.4`) reads as IPv4. */
export function inetAddress(kind: 'tcp' | 'udp', host: string, port: number): Address {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1] ?? host
  const family = plain.includes(':') ? 6 : 4
  return new Place(NETWORKS[`${kind}${family}`], plain, port, '')
}

/** The same for TCP over IPv4, with the host as a 32-bit number. */
export function ipv4Address(host: number, port: number): Address {
  const text = `${host >>> 24}.${(host >>> 16) & 255}.${(host >>> 8) & 255}.${host & 255}`
  return new Place('tcp4', text, port, '')
}

/** The same end of a TLS connection, written as `tls4://…`. */
export function tlsAddress({ network, host, port, path }: Address): Address {
  return new TlsPlace(network, host, port, path)
}

/** One end of a Unix socket connection. */
export function unixAddress(path: string): Address {
  return new Place('unix', '', 0, path.startsWith('\0') ? `@${path.slice(1)}` : path)
}

class Place implements Address {
  readonly network: Address['network']
  readonly host: string
  readonly port: number
  readonly path: string

  constructor(network: Address['network'], host: string, port: number, path: string) {
    this.network = network
    this.host = host
    this.port = port
    this.path = path
  }

  toString(): string {
    if (this.network === 'unix') return `unix://${this.path}`
    return this.written(this.network)
  }

  protected written(scheme: string): string {
    const host = this.host.includes(':') ? `[${this.host}]` : this.host
    return `${scheme}://${host}:${this.port}`
  }
}

class TlsPlace extends Place {
  override toString(): string {
    return this.written(this.network.replace('tcp', 'tls'))
  }
}
