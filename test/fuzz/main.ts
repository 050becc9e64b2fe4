import { parseArgs } from 'node:util'
import { examine as examineHttp } from './http/compare.js'
import { NodeReader } from './http/readers.js'
import { isKnown } from './redis/generate.js'
import { examine, report } from './redis/search.js'
import { commandsOf, withServers } from './redis/servers.js'
import { examine as examineFrames } from './websocket/compare.js'

const USAGE = `npm run fuzz -- redis [--seeds N] [--from S] [--all] [--commands a,b]
npm run fuzz -- redis --seed S
npm run fuzz -- http [--seeds N] [--from S] [--all]
npm run fuzz -- websocket [--seeds N] [--from S] [--all]

http: sends the same bytes, which may be requests, to revio/http and to node:http, and shows where revio sees a request
that node:http does not see, or sees otherwise.

websocket: reads the same random frames as ws does and compares what is found in them.

redis: says the same random commands to redis-server and to the redis clone and compares the replies. Where two differ it shows
the seed and the shortest transcript that it finds.

  --seeds N      how many seeds to run; default 1000
  --from S       the first of them; default 1
  --seed S       runs one seed
  --all          goes on behind a difference, and tells how many seeds have one
  --commands L   only these commands, subcommands as config|get`

const OPTIONS = {
  seeds: { type: 'string', default: '1000' },
  from: { type: 'string', default: '1' },
  seed: { type: 'string' },
  all: { type: 'boolean', default: false },
  commands: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  console.error(`${error.message}\n\n${USAGE}`)
  return 2
})

/** Returns the exit code: 1 if there is a difference. */
async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  const first = wholeNumber('from', values.seed ?? values.from)
  const count = values.seed === undefined ? wholeNumber('seeds', values.seeds) : 1
  if (positionals.join() === 'http') return tryHttp(first, count, values.all)
  if (positionals.join() === 'websocket') return tryWebSocket(first, count, values.all)
  if (positionals.join() !== 'redis') throw new Error('name what to try: redis, http or websocket')
  const names = values.commands?.split(',')
  return withServers(async pair => {
    const missing = (await commandsOf(pair.clone)).filter(name => !isKnown(name))
    if (missing.length > 0) throw new Error(`commands without a grammar: ${missing.join(', ')}`)
    let different = 0
    for (let seed = first; seed < first + count; seed++) {
      const finding = await examine(pair, seed, names)
      if (finding === undefined) continue
      different++
      console.log(report(finding))
      if (!values.all) return 1
    }
    console.log(`${count} seeds from ${first} on: ${different} with a difference`)
    return different > 0 ? 1 : 0
  })
}

async function tryHttp(first: number, count: number, all: boolean): Promise<number> {
  const node = new NodeReader()
  let different = 0
  for (let seed = first; seed < first + count; seed++) {
    const difference = await examineHttp(seed, node)
    if (difference === undefined) continue
    different++
    console.log(JSON.stringify(difference, null, 2))
    if (!all) return 1
  }
  console.log(`${count} seeds from ${first} on: ${different} with a difference`)
  return different > 0 ? 1 : 0
}

function tryWebSocket(first: number, count: number, all: boolean): number {
  let different = 0
  for (let seed = first; seed < first + count; seed++) {
    const difference = examineFrames(seed)
    if (difference === undefined) continue
    different++
    console.log(JSON.stringify({ ...difference, input: difference.input.toString('hex') }, null, 2))
    if (!all) return 1
  }
  console.log(`${count} seeds from ${first} on: ${different} with a difference`)
  return different > 0 ? 1 : 0
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new Error(`--${name} ${text}: a whole number from 0 is needed`)
}
