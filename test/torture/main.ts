import { join } from 'node:path'
import { root } from '../paths.js'
import type { Glimpse, Outcome } from './master/outcome.js'
import { writeBetween } from './master/page.js'
import { amount, caption, count, describeMachine, table } from './master/report.js'
import { MissingTransport, Run } from './master/run.js'
import { HELP, readOptions, type TortureOptions, UsageError } from './options.js'

/** Milliseconds between status lines: on a terminal one line is overwritten, elsewhere they add up. */
const INTERVAL = process.stderr.isTTY ? 250 : 10_000

function show(glimpse: Glimpse): void {
  const { transport, seconds, round, rounds, opened, bytes, resets, violations } = glimpse
  const time = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
  const line = [
    `${transport} ${time}`,
    `round ${round}/${rounds}`,
    `${count(opened)} connections`,
    `${amount(bytes)} checked`,
    `${count(resets)} resets`,
    `promises broken: ${violations}`,
  ].join('  ')
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
}

async function run(transport: Outcome['transport'], options: TortureOptions): Promise<Outcome> {
  const clear = process.stderr.isTTY ? '\r\x1b[K' : ''
  const run = new Run(transport, options, text => process.stderr.write(`${clear}broken: ${text}\n`))
  const timer = setInterval(() => show(run.glimpse()), INTERVAL)
  try {
    return await run.toEnd()
  } finally {
    clearInterval(timer)
    show(run.glimpse())
    if (process.stderr.isTTY) process.stderr.write('\n')
  }
}

async function main(args: readonly string[]): Promise<number> {
  if (process.platform === 'win32')
    throw new UsageError('torture needs a shell with ulimit, which Windows has not')
  const options = readOptions(args)
  if (options === undefined) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  const machine = describeMachine()
  const outcomes: Outcome[] = []
  const broken: string[] = []
  for (const transport of options.transports) {
    try {
      const outcome = await run(transport, options)
      outcomes.push(outcome)
      broken.push(...outcome.violations.map(line => `${transport}: ${line}`))
    } catch (error) {
      const missing = error instanceof MissingTransport && options.transports.length > 1
      if (missing) process.stderr.write(`${transport} is left out: ${error.message}\n`)
      else broken.push(`${transport}: the run did not come to its end: ${(error as Error).message}`)
    }
  }
  const text = `${table(outcomes, options)}\n\n${machine}, ${caption(args, options.seed)}`
  if (outcomes.length > 0) process.stdout.write(`\n${text}\n`)
  for (const line of broken) process.stdout.write(`broken: ${line}\n`)
  if (options.write && outcomes.length > 0) {
    const page = join(root, 'docs/reliability.md')
    writeBetween(page, options.short > 0 ? 'short' : 'torture', text)
  }
  return broken.length > 0 ? 1 : 0
}

// On exit, so that no child and no folder is left behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`torture: ${error instanceof UsageError ? error.message : (error as Error).stack}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
