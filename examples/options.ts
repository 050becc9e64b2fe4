import { parseArgs } from 'node:util'

/** Where an example listens, from its command line; `undefined` when help was asked for. */
export type Listening = { addresses: string[] } | undefined

/**
 * Reads `--port`, `--host`, `--unixsocket` and `--help`.
 *
 * @throws an `Error` that names the option that is unknown or has no fitting value.
 */
export function readOptions(args: readonly string[], defaultPort: number): Listening {
  const values = parse(args)
  if (values.help) return undefined
  const addresses: string[] = []
  if (values.unixsocket === '') throw new Error('--unixsocket needs a path')
  if (values.unixsocket !== undefined) addresses.push(`unix://${values.unixsocket}`)
  if (values.unixsocket === undefined || values.port !== undefined || values.host !== undefined) {
    addresses.unshift(tcpAddress(values.host ?? '127.0.0.1', values.port ?? String(defaultPort)))
  }
  return { addresses }
}

export function usage(command: string, about: string, defaultPort: number): string {
  return `${about}

Usage: ${command} -- [options]

  --port PORT         listen on this TCP port; 0 takes a free one (default ${defaultPort})
  --host HOST         listen on this address (default 127.0.0.1)
  --unixsocket PATH   listen on a Unix socket instead, or as well where a port or a host is given
  --help              say this
`
}

interface Values {
  port?: string
  host?: string
  unixsocket?: string
  help?: boolean
}

function parse(args: readonly string[]): Values {
  const text = { type: 'string' } as const
  const options = { port: text, host: text, unixsocket: text, help: { type: 'boolean', short: 'h' } } as const
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values
  } catch (error) {
    // The first sentence names the option; the others are advice about positional arguments.
    throw new Error(String((error as Error).message).split(/\. |\n/)[0])
  }
}

function tcpAddress(host: string, port: string): string {
  if (!/^\d+$/.test(port) || Number(port) > 65_535)
    throw new Error(`--port ${port}: not a port from 0 to 65535`)
  if (host === '') throw new Error('--host needs an address')
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`
}
