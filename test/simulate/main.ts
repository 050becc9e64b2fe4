import { parseArgs } from 'node:util'
import { generate } from './generate.js'
import { report } from './report.js'
import { run } from './run.js'
import { search } from './search.js'

const USAGE = `npm run simulate -- [--seeds N] [--from S] | --seed S

Runs the loop on the memory transport, with peers and handlers that follow from a seed, and checks the contract.

  --seeds N   how many seeds to run; default 10000
  --from S    the first of them; default 1
  --seed S    runs one seed and shows all that happened`

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string', default: '10000' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  return values.seed === undefined
    ? searchAll(number('from', values.from), number('seeds', values.seeds))
    : replay(number('seed', values.seed))
}

async function replay(seed: number): Promise<number> {
  const world = await run(generate(seed))
  console.log(report(world))
  return world.violation === undefined ? 0 : 1
}

async function searchAll(first: number, count: number): Promise<number> {
  const began = performance.now()
  let shown = began
  const failure = await search(first, count, done => {
    const now = performance.now()
    if (done < count && now < shown + 1000) return
    shown = now
    const rate = Math.round((1000 * done) / (now - began))
    process.stderr.write(
      `${process.stderr.isTTY ? '\r' : ''}${done} of ${count} seeds, ${rate} a second${process.stderr.isTTY ? '' : '\n'}`,
    )
  })
  if (process.stderr.isTTY) process.stderr.write('\n')
  console.log(failure ?? `${count} seeds from ${first} on: every rule held`)
  return failure === undefined ? 0 : 1
}

function number(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name} ${text}: a whole number from 0 is needed`)
  process.exit(2)
}
