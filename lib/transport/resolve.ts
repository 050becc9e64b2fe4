import { lookup } from 'node:dns/promises'
import type { Binding } from '../address.js'

/** An address to bind or connect to, with a numeric host. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly family: 4 | 6
  /** An IPv6 listener also accepts IPv4 peers. */
  readonly dualStack: boolean
}

/**
 * Resolves a binding's host to numeric addresses, in the order to try them. Does not block.
 *
 * @throws The resolver's error (`ENOTFOUND`, `EAI_AGAIN` …).
 */
export async function resolveHost(binding: Binding): Promise<readonly [Endpoint, ...Endpoint[]]> {
  const { host, port, scheme } = binding
  const only = scheme.endsWith('4') ? 4 : scheme.endsWith('6') ? 6 : 0
  if (host === '') return everywhere(only, port)
  // A lookup would drop a zone that contains characters Node does not expect.
  if (host.includes(':')) return [{ host, port, family: 6, dualStack: false }]
  const found = await lookup(host, { family: only })
  return [{ host: found.address, port, family: found.family === 6 ? 6 : 4, dualStack: false }]
}

/** All local addresses; only IPv4 if the machine has no IPv6. */
function everywhere(only: 0 | 4 | 6, port: number): readonly [Endpoint, ...Endpoint[]] {
  const four: Endpoint = { host: '0.0.0.0', port, family: 4, dualStack: false }
  if (only === 4) return [four]
  const six: Endpoint = { host: '::', port, family: 6, dualStack: only === 0 }
  return only === 6 ? [six] : [six, four]
}

/** Binds the first endpoint. If the machine lacks its address family, tries the next one. */
export async function firstThatBinds<T>(
  endpoints: readonly [Endpoint, ...Endpoint[]],
  bind: (endpoint: Endpoint) => Promise<T>,
): Promise<T> {
  const [first, ...others] = endpoints
  try {
    return await bind(first)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    const [second, ...rest] = others
    if (second === undefined || !NO_SUCH_FAMILY.has(code)) throw error
    return firstThatBinds([second, ...rest], bind)
  }
}

const NO_SUCH_FAMILY: ReadonlySet<string> = new Set([
  'EAFNOSUPPORT',
  'EADDRNOTAVAIL',
  'EINVAL',
  'EPROTONOSUPPORT',
])
