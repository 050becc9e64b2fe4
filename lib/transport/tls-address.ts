import { readFileSync } from 'node:fs'
import type { Binding } from '../address.js'
import { asError, RevioError } from '../errors.js'
import { show } from '../show.js'
import type { TlsClientOptions, TlsServerOptions } from '../tls.js'

type Options = Record<string, unknown>

/** The parser of each TLS option in an address. */
const READ: Readonly<Record<string, (value: string, name: string, where: string) => unknown>> = {
  cert: file,
  key: file,
  ca: file,
  requestCert: truth,
  rejectUnauthorized: truth,
  allowTruncation: truth,
  handshakeTimeout: count,
  maxHandshakes: count,
  alpn: value => value.split(','),
}

/**
 * Merges the TLS options in an address with its `tls` option, and reads the files they name.
 *
 * @param later - Options that override both.
 * @throws `ERR_ADDRESS` or `ERR_OPTION` for an invalid option; `ERR_TLS` for a file that cannot be read.
 */
export function tlsOptionsOf(
  { text, tls: settings }: Binding,
  tls: TlsServerOptions | TlsClientOptions | undefined,
  later: TlsServerOptions = {},
): TlsServerOptions & TlsClientOptions {
  const where = `address "${text}"`
  const options: Options = {}
  for (const given of [tls ?? {}, later]) {
    if (typeof given === 'object' && given !== null) continue
    throw new RevioError('ERR_OPTION', `${where}: option tls: expected an object; received ${show(given)}`)
  }
  for (const [setting, value] of settings ?? []) {
    const name = setting === 'alpn' ? 'ALPNProtocols' : setting
    if (Object.hasOwn(later, name)) continue
    const read = READ[setting]
    options[name] = read === undefined ? value : read(value, setting, where)
  }
  if (tls === undefined) return { ...options, ...later }
  for (const name of Object.keys(tls)) {
    if (!Object.hasOwn(options, name)) continue
    throw new RevioError('ERR_OPTION', `${where}: option ${name} is both in the address and in tls`)
  }
  return { ...options, ...tls, ...later }
}

function file(path: string, name: string, where: string): Buffer {
  try {
    return readFileSync(path)
  } catch (thrown) {
    const cause = asError(thrown)
    throw new RevioError('ERR_TLS', `${where}: option ${name}: cannot read "${path}": ${cause.message}`, {
      cause,
    })
  }
}

function truth(value: string, name: string, where: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true'
  throw new RevioError('ERR_ADDRESS', `${where}: option ${name}=${value}: expected true or false`)
}

function count(value: string, name: string, where: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw new RevioError(
    'ERR_ADDRESS',
    `${where}: option ${name}=${value}: expected a number from 1 to 999999999`,
  )
}
