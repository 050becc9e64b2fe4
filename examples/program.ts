import { type Events, type Server, serve } from 'revio'
import { readOptions, usage } from './options.js'

/** An example as a program of its own. */
export interface Program<Context> {
  /** How it is started: `npm run echo`. */
  command: string
  about: string
  port: number
  events: Events<Context>
  /** How to talk to it, for a TCP port or a Unix socket's path. */
  hint(where: { host: string; port: number; path: string }): string
}

/** Reads the command line, serves, says where, and ends in order on SIGINT and SIGTERM. */
export async function run<Context>(program: Program<Context>): Promise<void> {
  try {
    const listening = readOptions(process.argv.slice(2), program.port)
    if (listening === undefined) {
      process.stdout.write(usage(program.command, program.about, program.port))
      return
    }
    await serve(announced(program), ...listening.addresses)
  } catch (error) {
    process.stderr.write(`${program.command}: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

function announced<Context>(program: Program<Context>): Events<Context> {
  const { events } = program
  return {
    ...events,
    serving(server) {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.shutdown())
      process.stdout.write(`${announcement(program, server)}\n`)
      return events.serving?.(server)
    },
  }
}

function announcement<Context>(program: Program<Context>, server: Server): string {
  const where = server.addresses.map(String).join(' and ')
  const [first] = server.addresses
  return first === undefined ? where : `Listening on ${where}; try: ${program.hint(first)}`
}
