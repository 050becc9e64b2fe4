import type { Address } from 'revio'

/** A command that asks a server for its first page. A certificate that nobody knows is taken: it is tried at home. */
export function curl(first: Address, ...flags: string[]): string {
  const { host, port, path } = first
  const words = ['curl', ...flags]
  if (path !== '') return [...words, '--unix-socket', path, 'http://localhost/'].join(' ')
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}/`
  if (String(first).startsWith('tls')) return [...words, '-k', `https://${where}`].join(' ')
  return [...words, `http://${where}`].join(' ')
}
