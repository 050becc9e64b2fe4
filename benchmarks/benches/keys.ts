import { bench, common } from '../bench.js'
import { collect, collecting } from '../collect.js'
import { exchange } from '../exchange.js'
import { digits } from '../format.js'
import { LoadProcess, options as optionsOf } from '../load/process.js'
import { cpuSeconds, residentBytes } from '../measure.js'
import { number, some } from '../options.js'
import { built } from '../paths.js'
import type { Metric, Sample, Target, Trial } from '../plan.js'
import { redis } from '../rivals/redis-server.js'
import { revioRedis } from '../rivals/revio.js'

const rivals = [redis, revioRedis]
const names = rivals.map(({ name }) => name)
const milliseconds = (value: number) => digits(value * 1e3)

const metrics: readonly Metric[] = [
  {
    key: 'bytes',
    title: 'bytes/key',
    format: digits,
    spread: true,
    ratios: 'all',
    chart: 'Bytes of the process for each key (less is better)',
  },
  {
    key: 'cpuPerRequest',
    title: 'CPU us',
    format: value => digits(value * 1e6),
    spread: true,
    ratios: 'all',
  },
  { key: 'p50', title: 'p50 ms', format: milliseconds },
  { key: 'p99', title: 'p99 ms', format: milliseconds },
  {
    key: 'p999',
    title: 'p99.9 ms',
    format: milliseconds,
    spread: true,
    chart: 'p99.9 of a batch while keys are inserted, ms (less is better)',
  },
  { key: 'longest', title: 'longest ms', format: milliseconds, spread: true },
]

const { quick, write, rounds } = common({ rounds: 3, seconds: 1, quick: 1 })
const options = {
  keys: number('how many keys are inserted', 1_000_000, 200_000),
  batch: number('how many are sent at once', 16),
  servers: some('which servers take part', names),
  quick,
  write,
  rounds,
}

export const keys = bench(
  'keys',
  'what a keyspace needs for each key, and how long requests take while it grows',
  options,
  ({ keys, batch, servers, rounds }) => ({
    name: 'keys',
    title: 'A growing keyspace',
    conditions: `Keys of 16 bytes, values of 64, inserted by one connection, ${batch} at a time`,
    rivals: rivals.filter(({ name }) => servers.includes(name)).map(collecting),
    bases: [redis.name],
    trials: [trial(keys, batch)],
    metrics,
    rounds,
    seconds: 0,
    fresh: true,
  }),
)

function trial(keys: number, batch: number): Trial {
  return {
    name: `${keys.toLocaleString('en')} keys`,
    group: 'SET',
    check: ({ port }) =>
      exchange(port, 'SET key value\r\nGET key\r\nDEL key\r\n', '+OK\r\n$5\r\nvalue\r\n:1\r\n'),
    warmUp: async () => 0,
    measure: target => measure(keys, batch, target),
  }
}

/** Adds and removes a few thousand keys first, so that hot code is compiled. */
async function measure(keys: number, batch: number, target: Target): Promise<Sample> {
  const { port, pid } = target
  await (await inserted(20_000, batch, port)).load.close()
  await exchange(port, 'FLUSHALL\r\n', '+OK\r\n')
  await collect(target)
  const base = residentBytes(pid)
  const before = cpuSeconds(pid)
  const { load, figures } = await inserted(keys, batch, port)
  try {
    const cpuPerRequest = (cpuSeconds(pid) - before) / keys
    await exchange(port, 'DBSIZE\r\n', `:${keys}\r\n`)
    await collect(target)
    return { ...figures, cpuPerRequest, bytes: (residentBytes(pid) - base) / keys }
  } finally {
    await load.close()
  }
}

async function inserted(keys: number, batch: number, port: number) {
  const args = optionsOf({ port, keys, batch })
  const load = await LoadProcess.start({
    file: process.execPath,
    args: [built('benchmarks/load/keys-load.js'), ...args],
  })
  return { load, figures: await load.run<Sample>() }
}
