import type { Bench } from './bench.js'
import { connections } from './benches/connections.js'
import { echo } from './benches/echo.js'
import { hono, http, https } from './benches/http.js'
import { keys } from './benches/keys.js'
import { layers } from './benches/layers.js'
import { loops } from './benches/loops.js'
import { memory } from './benches/memory.js'
import { proxy } from './benches/proxy.js'
import { redis } from './benches/redis.js'
import { tls } from './benches/tls.js'
import { tlsMemory } from './benches/tls-memory.js'
import { websocket, websocketMemory } from './benches/websocket.js'
import { stopAll } from './children.js'
import { caption, commandOf } from './machine.js'
import { busyCores } from './measure.js'
import { readArguments, UsageError } from './options.js'
import type { Outcome, Plan } from './plan.js'
import { MissingProgram } from './programs.js'
import { progressOn } from './progress.js'
import { report } from './report.js'
import { run } from './run.js'
import { writePages } from './write.js'

const benches: readonly Bench[] = [
  redis,
  keys,
  echo,
  memory,
  http,
  https,
  hono,
  layers,
  tls,
  tlsMemory,
  websocket,
  websocketMemory,
  connections,
  proxy,
  loops,
]

/** Cores that other programs may use without a warning. */
const QUIET = 0.15

async function main(args: readonly string[]): Promise<number> {
  const { words, given } = readArguments(args, takesValue)
  const chosen = words.length === 0 ? benches : words.map(benchNamed)
  if (given.has('help')) {
    console.log(usage(words.length === 0 ? benches : chosen))
    return 0
  }
  if (process.platform !== 'linux') throw new UsageError('the benches read /proc, which only Linux has')
  const plans: Plan[] = []
  for (const bench of chosen) {
    const plan = await planOf(bench, given, chosen.length > 1)
    if (plan !== undefined) plans.push(plan)
  }
  let failures = 0
  for (const plan of plans) failures += (await perform(plan, args, given.has('write'))).failed.length
  return failures === 0 ? 0 : 1
}

/** Among several benches, reports and skips one whose load can't be generated; alone, that is an error. */
async function planOf(
  bench: Bench,
  given: ReadonlyMap<string, string>,
  several: boolean,
): Promise<Plan | undefined> {
  try {
    return await bench.plan(given)
  } catch (error) {
    if (!several || !(error instanceof MissingProgram)) throw error
    console.log(`skipped: ${bench.name}: ${error.message}`)
    return undefined
  }
}

async function perform(plan: Plan, args: readonly string[], write: boolean): Promise<Outcome> {
  const busy = await busyCores(500)
  if (busy > QUIET) console.log(`note: other programs use ${busy.toFixed(1)} cores just now: expect noise\n`)
  const outcome = await run(plan, progressOn(process.stderr))
  const measured = plan.rivals.filter(({ name }) => outcome.rows.some(row => row.server === name))
  const abouts = await Promise.all(measured.map(({ about }) => about()))
  const lines = caption(abouts, commandOf(args), busy > QUIET ? busy : 0)
  console.log(`${report(plan, outcome, lines)}\n`)
  if (write) for (const path of await writePages(plan, outcome, lines)) console.log(`wrote ${path}`)
  return outcome
}

function benchNamed(name: string): Bench {
  const found = benches.find(bench => bench.name === name)
  if (found !== undefined) return found
  throw new UsageError(
    `there is no bench '${name}'; there are ${benches.map(bench => bench.name).join(', ')}`,
  )
}

function takesValue(option: string): boolean | undefined {
  if (option === 'help') return false
  return benches.map(bench => bench.takesValue(option)).find(answer => answer !== undefined)
}

function usage(shown: readonly Bench[]): string {
  const parts = shown.map(({ name, summary, help }) => `${name}: ${summary}\n${help}`)
  return ['npm run bench -- [BENCH] [--option value]', 'Without a name, all benches run.', ...parts].join(
    '\n\n',
  )
}

function leave(code: number): never {
  stopAll()
  process.exit(code)
}

process.once('SIGINT', () => leave(130))
process.once('SIGTERM', () => leave(143))
process.once('exit', stopAll)
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const expected = error instanceof UsageError || error instanceof MissingProgram
  console.error(expected ? `bench: ${error.message}` : error)
  leave(expected ? 2 : 1)
}
