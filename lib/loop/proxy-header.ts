import { Buffer } from 'node:buffer'
import { isIP } from 'node:net'
import { type Binding, inetAddress, unixAddress } from '../address.js'
import { RevioError } from '../errors.js'
import type { DialOptions } from '../events.js'
import type { Address, Info } from '../info.js'

/** The addresses in a PROXY header. */
export interface Proxied {
  readonly local: Address
  readonly remote: Address
}

/** The result of parsing the start of a stream. */
export type Parsed =
  /** Incomplete: more bytes are needed. */
  | 'partial'
  /** Not a header. */
  | 'absent'
  /** A malformed header. */
  | 'malformed'
  /** A header of this many bytes. Without ends, the connection is the proxy's own, or of an unsupported family. */
  | { readonly length: number; readonly ends: Proxied | undefined }

const V1 = Buffer.from('PROXY ')
/** Maximum length of version 1's line, including its end. */
const V1_LONGEST = 107
const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n')
const V2_HEAD = 16
/** Maximum bytes of addresses and extensions; the protocol would allow four times as many. */
const V2_LONGEST = 16_384

/** Maximum length of a header. */
export const LONGEST_HEADER = V2_HEAD + V2_LONGEST

/** Parses a PROXY protocol header, version 1 or 2. */
export function parseProxyHeader(bytes: Buffer): Parsed {
  if (startsAlike(bytes, V2)) return bytes.length < V2_HEAD ? 'partial' : parseV2(bytes)
  if (startsAlike(bytes, V1)) return bytes.length < V1.length ? 'partial' : parseV1(bytes)
  return 'absent'
}

/** Formats a version 1 header for a connection's addresses. */
export function proxyHeader({
  remoteAddress: from,
  localAddress: to,
}: Pick<Info, 'remoteAddress' | 'localAddress'>): string {
  const told = from.network === to.network && (from.network === 'tcp4' || from.network === 'tcp6')
  if (!told) return 'PROXY UNKNOWN\r\n'
  const plain = ({ host }: Address) => host.replace(/%.*/, '')
  return `PROXY ${from.network.toUpperCase()} ${plain(from)} ${plain(to)} ${from.port} ${to.port}\r\n`
}

/**
 * The header to send first on a connection dialled on behalf of another; nothing if there is none.
 *
 * @throws `ERR_OPTION` unless it has both ends; `ERR_UNSUPPORTED` for TLS, which would have to follow it.
 */
export function prefaceOf(target: Binding, proxy: DialOptions['proxy']): { preface?: string } {
  if (proxy === undefined) return {}
  const { remoteAddress, localAddress } = (proxy ?? {}) as Partial<Info>
  if (typeof remoteAddress?.network !== 'string' || typeof localAddress?.network !== 'string') {
    throw new RevioError(
      'ERR_OPTION',
      'option proxy: expected the info of a connection, with both its addresses',
    )
  }
  if (target.tls !== undefined) {
    const instead = 'dial the plain address, and call secure in opened'
    throw new RevioError(
      'ERR_UNSUPPORTED',
      `address "${target.text}": option proxy: cannot be combined with TLS; ${instead}`,
    )
  }
  return { preface: proxyHeader({ remoteAddress, localAddress }) }
}

/** Whether the bytes so far match. */
function startsAlike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function parseV1(bytes: Buffer): Parsed {
  const end = bytes.subarray(0, V1_LONGEST).indexOf('\r\n')
  if (end < 0) return bytes.length < V1_LONGEST ? 'partial' : 'malformed'
  const length = end + 2
  const line = bytes.toString('latin1', V1.length, end)
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return { length, ends: undefined }
  const [protocol, source = '', destination = '', sourcePort = '', destinationPort = '', ...more] =
    line.split(' ')
  const family = protocol === 'TCP4' ? 4 : protocol === 'TCP6' ? 6 : 0
  const ports = [sourcePort, destinationPort]
  const sound = ports.every(port => /^(?:0|[1-9]\d{0,4})$/.test(port) && Number(port) <= 65_535)
  if (family === 0 || more.length > 0 || !sound) return 'malformed'
  if (isIP(source) !== family || isIP(destination) !== family || line.includes('%')) return 'malformed'
  const remote = inetAddress('tcp', source, Number(sourcePort))
  const local = inetAddress('tcp', destination, Number(destinationPort))
  return { length, ends: { local, remote } }
}

function parseV2(bytes: Buffer): Parsed {
  const [versionAndCommand = 0, familyAndProtocol = 0] = bytes.subarray(12, 14)
  const size = bytes.readUInt16BE(14)
  const command = versionAndCommand & 15
  if (versionAndCommand >> 4 !== 2 || command > 1 || size > V2_LONGEST) return 'malformed'
  const length = V2_HEAD + size
  const ends = endsV2(familyAndProtocol)
  if (ends === 'malformed' || (command === 1 && ends !== undefined && size < ends.size)) return 'malformed'
  if (bytes.length < length) return 'partial'
  return { length, ends: command === 0 ? undefined : ends?.read(bytes.subarray(V2_HEAD, length)) }
}

interface EndsV2 {
  /** Size in bytes. */
  readonly size: number
  read(bytes: Buffer): Proxied
}

/** The layout of a family's addresses; undefined for unsupported families and datagrams. */
function endsV2(familyAndProtocol: number): EndsV2 | undefined | 'malformed' {
  const [family, protocol] = [familyAndProtocol >> 4, familyAndProtocol & 15]
  if (family > 3 || protocol > 2) return 'malformed'
  if (family === 0 || protocol !== 1) return undefined
  if (family === 3) {
    return { size: 216, read: bytes => ({ remote: unixEnd(bytes, 0), local: unixEnd(bytes, 108) }) }
  }
  const size = family === 1 ? 4 : 16
  const end = (bytes: Buffer, at: number, portAt: number) =>
    inetAddress('tcp', hostOf(bytes.subarray(at, at + size)), bytes.readUInt16BE(portAt))
  const read = (bytes: Buffer) => ({
    remote: end(bytes, 0, 2 * size),
    local: end(bytes, size, 2 * size + 2),
  })
  return { size: 2 * size + 4, read }
}

function hostOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16))
  // The shortest form, as the system writes its own addresses.
  const shortest = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.test(shortest)
  return mapped ? `::ffff:${bytes.subarray(12).join('.')}` : shortest
}

function unixEnd(bytes: Buffer, at: number): Address {
  const path = bytes.subarray(at, at + 108)
  if (path[0] === 0) {
    const name = path.subarray(1)
    const end = name.indexOf(0)
    return unixAddress(end === 0 ? '' : `@${name.toString('utf8', 0, end < 0 ? undefined : end)}`)
  }
  const end = path.indexOf(0)
  return unixAddress(path.toString('utf8', 0, end < 0 ? undefined : end))
}
