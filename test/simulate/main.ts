import { parseArgs } from 'node:util'
import { generate } from './generate.js'
import { report } from './report.js'
import { run } from './run.js'
import { search } from './search.js'

const USAGE = `npm run simulate -- [--seeds N] [--from S]
npm run simulate -- --seed S

Runs the loop on the memory transport, with handlers and peers that follow from a seed, and checks the contract's
rules. Where one does not hold it shows the seed and the shortest history that it finds.

  --seeds N   how many seeds to run; default 10000
  --from S    the first of them; default 1
  --seed S    runs one seed and shows all that happens in it`

const OPTIONS = {
  seeds: { type: 'string', default: '10000' },
  from: { type: 'string', default: '1' },
  seed: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`${error.message}\n\n${USAGE}`)
  return 2
})

/** Returns the exit code: 1 if a rule was violated. */
async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  if (values.seed !== undefined) return replay(wholeNumber('seed', values.seed))
  return searchAll(wholeNumber('from', values.from), wholeNumber('seeds', values.seeds))
}

async function replay(seed: number): Promise<number> {
  const world = await run(generate(seed))
  console.log(report(world))
  return world.violation === undefined ? 0 : 1
}

async function searchAll(first: number, count: number): Promise<number> {
  const show = progress(count)
  const failure = await search(first, count, show)
  console.log(failure ?? `${count} seeds from ${first} on: every rule held`)
  return failure === undefined ? 0 : 1
}

/** Reports progress once a second and at the end; on a terminal on a single line. */
function progress(count: number): (done: number) => void {
  const [before, after] = process.stderr.isTTY ? ['\r', ''] : ['', '\n']
  const began = performance.now()
  let shown = began
  return done => {
    const now = performance.now()
    if (done < count && now < shown + 1000) return
    shown = now
    const rate = Math.round((1000 * done) / (now - began))
    process.stderr.write(`${before}${done} of ${count} seeds, ${rate} a second${done < count ? after : '\n'}`)
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new Error(`--${name} ${text}: a whole number from 0 is needed`)
}
