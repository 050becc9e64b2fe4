import type { Address } from 'revio'
import { run } from './program.js'

export const program = await run({
  module: import.meta.url,
  command: 'npm run echo',
  about: 'Sends back whatever it is sent.',
  port: 5000,
  hint: first => `; try: ${attempt(first)}`,
  events: () => ({
    opened: () => [null, { reuseInputBuffer: true }],
    data: (_id, input) => [input],
  }),
})

function attempt(first: Address): string {
  const { host, port, path } = first
  if (path !== '') return `socat - UNIX-CONNECT:${path}`
  if (!String(first).startsWith('tls')) return `nc ${host} ${port}`
  return `openssl s_client -quiet -connect ${host.includes(':') ? `[${host}]` : host}:${port}`
}
