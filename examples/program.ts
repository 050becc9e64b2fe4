import { isMainThread } from 'node:worker_threads'
import { type Address, type Events, RevioError, type Server, serve, serveLoops } from 'revio'
import { type Chosen, type Command, readOptions, UsageError, usage } from './options.js'
import { endOnSignals } from './signals.js'

/** An example as a program. */
export interface Program<Context> extends Command {
  /** @throws a `UsageError` for an invalid value of its own options. */
  events(chosen: Chosen): Events<Context>
  /** Text after the addresses in its first line, such as how to connect to it. */
  hint(first: Address, chosen: Chosen): string
}

/** Tells a loop's thread which example to load, and its arguments. */
export interface Work {
  /** URL of the module that exports it as `program`. */
  module: string
  args: readonly string[]
}

/** One loop or several, once they listen. */
type Running = Pick<Server, 'addresses' | 'loops' | 'transport' | 'stats' | 'shutdown'>

/**
 * Reads the command line, serves, prints the addresses, and shuts down on SIGINT and SIGTERM. In the thread of a loop,
 * which loads the example only for its handlers, it does nothing.
 */
export async function run<Context>(program: Program<Context>): Promise<Program<Context>> {
  if (isMainThread) await start(program)
  return program
}

async function start<Context>(program: Program<Context>): Promise<void> {
  const { command } = program
  try {
    const chosen = readOptions(process.argv.slice(2), program)
    if (chosen === undefined) process.stdout.write(usage(program))
    else await listen(program, chosen)
  } catch (error) {
    const mistaken =
      error instanceof UsageError || (error instanceof RevioError && error.code === 'ERR_ADDRESS')
    const advice = mistaken ? `; see ${command} -- --help` : ''
    process.stderr.write(`${command}: ${(error as Error).message}${advice}\n`)
    process.exitCode = mistaken ? 2 : 1
  }
}

async function listen<Context>(program: Program<Context>, chosen: Chosen): Promise<void> {
  const running = serving(program, chosen)
  const server: Running = await running.listening
  endOnSignals(server)
  const dashboard = await open(program, chosen, server).catch(async error => {
    server.shutdown()
    await running
    throw error
  })
  const [first] = server.addresses
  const hint = first === undefined ? '' : program.hint(first, chosen)
  process.stdout.write(`Listening on ${server.addresses.join(' and ')}${hint}\n`)
  if (dashboard !== undefined) process.stdout.write(`Dashboard at ${dashboard.url}\n`)
  await running.finally(() => dashboard?.close())
}

/** Runs one loop, or several that each create their own handlers. */
function serving<Context>(program: Program<Context>, chosen: Chosen) {
  const { loops, addresses } = chosen
  // Called in any case, so that a mistaken option is reported before any thread starts.
  const events = program.events(chosen)
  if (loops === undefined || program.module === undefined) return serve(events, ...addresses)
  const workerData: Work = { module: program.module, args: process.argv.slice(2) }
  return serveLoops(new URL('loop.js', import.meta.url), { loops, restart: true, workerData }, ...addresses)
}

/** Loads the dashboard only if it is asked for. */
async function open({ command }: Command, { dashboard }: Chosen, server: Running) {
  if (dashboard === undefined) return undefined
  const { openDashboard } = await import('./dashboard/open.js')
  return openDashboard(dashboard, command, server)
}
