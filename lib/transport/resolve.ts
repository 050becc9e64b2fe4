import { lookup } from 'node:dns/promises'
import type { Binding } from '../address.js'

/** Where to bind or connect to: a numeric host. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly family: 4 | 6
  /** An IPv6 listener takes IPv4 peers as well. */
  readonly dualStack: boolean
}

/**
 * What a binding's host stands for, as numbers, in the order in which to try. Names are looked up without blocking.
 *
 * @throws The resolver's error (`ENOTFOUND`, `EAI_AGAIN` …).
 */
export async function resolveHost(binding: Binding): Promise<readonly [Endpoint, ...Endpoint[]]> {
  const { host, port, scheme } = binding
  const only = scheme.endsWith('4') ? 4 : scheme.endsWith('6') ? 6 : 0
  if (host === '') return everywhere(only, port)
  // Looking it up would drop a zone that has letters which Node does not expect in one.
  if (host.includes(':')) return [{ host, port, family: 6, dualStack: false }]
  const found = await lookup(host, { family: only })
  return [{ host: found.address, port, family: found.family === 6 ? 6 : 4, dualStack: false }]
}

/** Every local address; where the machine has no IPv6, that is IPv4 alone. */
function everywhere(only: 0 | 4 | 6, port: number): readonly [Endpoint, ...Endpoint[]] {
  const four: Endpoint = { host: '0.0.0.0', port, family: 4, dualStack: false }
  if (only === 4) return [four]
  const six: Endpoint = { host: '::', port, family: 6, dualStack: only === 0 }
  return only === 6 ? [six] : [six, four]
}

/** Tries each endpoint until one binds; where none does, the first one's error is thrown. */
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
