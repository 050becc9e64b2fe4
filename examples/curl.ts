import type { Address } from 'revio'

/**
 * A curl command for a server's first page. Accepts an unknown certificate, because the examples use self-signed ones.
 */
export function curl(first: Address, ...flags: string[]): string {
  const { host, port, path } = first
  const words = ['curl', ...flags]
  if (path !== '') return [...words, '--unix-socket', path, 'http://localhost/'].join(' ')
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}/`
  if (String(first).startsWith('tls')) return [...words, '-k', `https://${where}`].join(' ')
  return [...words, `http://${where}`].join(' ')
}
