import { bench, common } from '../bench.js'
import { collect, collecting, rest } from '../collect.js'
import { exchange } from '../exchange.js'
import { digits } from '../format.js'
import { LoadProcess, options as optionsOf } from '../load/process.js'
import { residentBytes } from '../measure.js'
import { number, some } from '../options.js'
import { built } from '../paths.js'
import type { Metric, Sample, Target, Trial } from '../plan.js'
import { epollEcho } from '../rivals/epoll.js'
import { nodeNetEcho } from '../rivals/node.js'
import { redis } from '../rivals/redis-server.js'
import { revioEcho, revioEchoOnNet, revioRedis } from '../rivals/revio.js'
import { messages } from '../trials/memory.js'

const redisClone = { ...revioRedis, name: 'revio-redis' }
const echoes = [nodeNetEcho, epollEcho, revioEcho, revioEchoOnNet]
const rivals = [...echoes, redis, redisClone]
const names = rivals.map(({ name }) => name)

const metrics: readonly Metric[] = [
  {
    key: 'collected',
    title: 'bytes/connection',
    format: digits,
    spread: true,
    ratios: 'all',
    chart: 'Bytes of the process for each idle connection (less is better)',
  },
  { key: 'uncollected', title: 'before collection', format: digits },
  { key: 'base', title: 'MiB with none', format: value => digits(value / 2 ** 20) },
]

const { quick, write, rounds } = common({ rounds: 3, seconds: 1, quick: 1 })
const options = {
  connections: number('how many idle connections', 10_000, 2000),
  servers: some('which servers take part', names),
  quick,
  write,
  rounds,
}

export const memory = bench(
  'memory',
  'what a process needs for each idle connection',
  options,
  ({ connections, servers, rounds }) => ({
    name: 'memory',
    title: 'Memory of idle connections',
    conditions: 'Each connection has exchanged one message and is silent',
    rivals: rivals.filter(({ name }) => servers.includes(name)).map(collecting),
    bases: [nodeNetEcho.name, redis.name],
    trials: [trial(connections)],
    metrics,
    rounds,
    seconds: 0,
    fresh: true,
  }),
)

function trial(connections: number): Trial {
  return {
    name: `${connections.toLocaleString('en')} connections`,
    group: 'idle',
    check: ({ name, port }) => exchange(port, messageFor(name).send, messageFor(name).expect),
    warmUp: async () => 0,
    measure: target => measure(connections, target),
  }
}

function messageFor(name: string) {
  return [redis, redisClone].some(rival => rival.name === name) ? messages.redis : messages.echo
}

/** Resident memory before and after, divided by the connections; a few have come and gone before. */
async function measure(connections: number, target: Target): Promise<Sample> {
  await (await hold(100, target)).close()
  await collect(target)
  const base = residentBytes(target.pid)
  const load = await hold(connections, target)
  try {
    await rest()
    const uncollected = (residentBytes(target.pid) - base) / connections
    await collect(target)
    return { collected: (residentBytes(target.pid) - base) / connections, uncollected, base }
  } finally {
    await load.close()
  }
}

function hold(connections: number, { name, port }: Target): Promise<LoadProcess> {
  const args = optionsOf({ port, connections, ...messageFor(name) })
  return LoadProcess.start({ file: process.execPath, args: [built('benchmarks/load/idle-load.js'), ...args] })
}
