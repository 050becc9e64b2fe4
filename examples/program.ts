import { type Address, type Events, RevioError, serve } from 'revio'
import { type Chosen, type Command, readOptions, UsageError, usage } from './options.js'
import { endOnSignals } from './signals.js'

/** An example as a program of its own. */
export interface Program<Context> extends Command {
  /** @throws a `UsageError` where an option of its own has no fitting value. */
  events(chosen: Chosen): Events<Context>
  /** What follows the addresses in its first line, such as how to talk to it. */
  hint(first: Address, chosen: Chosen): string
}

/** Reads the command line, serves, says where, and ends in order on SIGINT and SIGTERM. */
export async function run<Context>(program: Program<Context>): Promise<void> {
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
  const running = serve(program.events(chosen), ...chosen.addresses)
  const server = await running.listening
  endOnSignals(server)
  const [first] = server.addresses
  const hint = first === undefined ? '' : program.hint(first, chosen)
  process.stdout.write(`Listening on ${server.addresses.join(' and ')}${hint}\n`)
  await running
}
