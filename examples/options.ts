import { parseArgs } from 'node:util'

/** An error in the command line. */
export class UsageError extends Error {}

/** An option of one example. */
export interface Extra {
  /** The name of its value in the help. */
  value: string
  about: string
  /** Its default. */
  preset?: string
  /** Its value is another address to listen on. */
  listens?: true
}

/** The command line of an example. */
export interface Command {
  /** The command that starts it: `npm run echo`. */
  command: string
  about: string
  /** The default port. */
  port: number
  /**
   * The network of `--port` and `--host`, and the only one that the example supports. Default: TCP, and any address.
   */
  only?: 'udp'
  extras?: Readonly<Record<string, Extra>>
  /** URL of the module that exports the example as `program`. Set by examples whose loops share no state. */
  module?: string
}

/** A parsed command line. */
export interface Chosen {
  addresses: string[]
  /** Address of the dashboard; undefined: no dashboard. */
  dashboard: string | undefined
  /** Number of loops, each in its own thread; undefined: one loop in the main thread. */
  loops: number | undefined
  /** The values of one of the example's own options. */
  values(name: string): readonly string[]
}

/**
 * Parses addresses, `--port`, `--host`, `--unixsocket`, `--dashboard`, `--loops`, `--help` and the example's own
 * options.
 *
 * @returns undefined if help was requested.
 * @throws a `UsageError` that names the unknown or invalid argument.
 */
export function readOptions(args: readonly string[], command: Command): Chosen | undefined {
  const { given, positionals } = parse(args, command)
  if (given.help !== undefined) return undefined
  const last = (name: string) => given[name]?.at(-1)
  const [port, host, path] = ['port', 'host', 'unixsocket'].map(last)
  const named = Object.entries(command.extras ?? {}).flatMap(
    ([name, { listens }]) => (listens && given[name]) || [],
  )
  const whole = [...named, ...positionals]
  const addresses: string[] = []
  if (port !== undefined || host !== undefined || (path === undefined && whole.length === 0)) {
    addresses.push(address(command.only ?? 'tcp', host ?? '127.0.0.1', port ?? String(command.port)))
  }
  if (path === '') throw new UsageError('--unixsocket needs a path')
  if (path !== undefined) addresses.push(`unix://${path}`)
  for (const each of whole) addresses.push(checked(each, command))
  const dashboard = dashboardOf(last('dashboard'))
  const loops = loopsOf(last('loops'))
  return {
    addresses,
    dashboard,
    loops,
    values: name => given[name] ?? [command.extras?.[name]?.preset ?? ''],
  }
}

export function usage({ command, about, port, only, module, extras = {} }: Command): string {
  const scheme = only ?? 'tcp'
  const lines = Object.entries(extras).map(([name, { value, about, preset }]) =>
    line(`--${name} ${value}`, preset ? `${about} (default ${preset})` : about),
  )
  lines.push(
    line('--port PORT', `listen on this ${scheme.toUpperCase()} port; 0 takes a free one (default ${port})`),
  )
  lines.push(line('--host HOST', 'listen on this address (default 127.0.0.1)'))
  if (only === undefined) {
    lines.push(
      line(
        '--unixsocket PATH',
        'listen on a Unix socket instead, or as well where a port or a host is given',
      ),
    )
  }
  if (module !== undefined) lines.push(line('--loops N', 'run N loops, each in its own thread'))
  lines.push(
    line('--dashboard PORT', 'serve a live dashboard on this port of 127.0.0.1, or on an address'),
    line('--help', 'say this'),
  )
  const others = only === undefined ? ", 'unix:///tmp/a.sock?mode=660'" : ''
  return `${about}

Usage: ${command} -- [options] [address ...]

An address is what serve() takes: ${scheme}://127.0.0.1:${port}, ${scheme}6-net://[::1]:0${others}.

${lines.join('')}`
}

function line(left: string, right: string): string {
  return `  ${left.padEnd(19)} ${right}\n`
}

function parse(args: readonly string[], { only, module, extras = {} }: Command) {
  const text = { type: 'string', multiple: true } as const
  const own = Object.fromEntries(Object.keys(extras).map(name => [name, text]))
  const options = {
    ...own,
    port: text,
    host: text,
    dashboard: text,
    ...(module !== undefined && { loops: text }),
    help: { type: 'boolean', short: 'h', multiple: true } as const,
  }
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: only === undefined ? { ...options, unixsocket: text } : options,
      allowPositionals: true,
    })
    return { given: values as Readonly<Record<string, string[] | undefined>>, positionals }
  } catch (error) {
    // The first sentence names the option; the rest is advice about positional arguments.
    throw new UsageError(String((error as Error).message).split(/\.(?: |\n|$)|\n/)[0])
  }
}

function address(scheme: string, host: string, port: string, option = '--port'): string {
  if (!/^\d+$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`${option} ${port}: not a port from 0 to 65535`)
  }
  if (host === '') throw new UsageError('--host needs an address')
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function dashboardOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return address('tcp', '127.0.0.1', text, '--dashboard')
  if (text !== '' && !text.startsWith('udp')) return text
  throw new UsageError(`--dashboard ${text}: expected a port or a stream address`)
}

function loopsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new UsageError(`--loops ${text}: expected 1 to 999`)
}

/** `serve` parses the address itself; the example checks only its network. */
function checked(text: string, { only }: Command): string {
  if (only === undefined || /^udp[46]?(?:-net)?:/.test(text)) return text
  throw new UsageError(`address "${text}": expected ${only}://HOST:PORT`)
}
