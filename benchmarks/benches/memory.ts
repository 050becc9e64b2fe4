import { setTimeout as sleep } from 'node:timers/promises'
import { bench, common } from '../bench.js'
import { exchange } from '../exchange.js'
import { digits } from '../format.js'
import { IdleLoad } from '../load/idle.js'
import { residentBytes } from '../measure.js'
import { number, some } from '../options.js'
import { built } from '../paths.js'
import type { Command, Metric, Rival, Sample, Target, Trial } from '../plan.js'
import { epollEcho } from '../rivals/epoll.js'
import { nodeNetEcho } from '../rivals/node.js'
import { redis } from '../rivals/redis-server.js'
import { revioEcho, revioEchoOnNet, revioRedis } from '../rivals/revio.js'
import { messages } from '../trials/memory.js'

/** Milliseconds in which a server that is left alone comes to rest. */
const REST = 500

const redisClone: Rival = { ...revioRedis, name: 'revio-redis' }
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
    conditions: `${connections.toLocaleString('en')} connections, each of which has exchanged one message and is silent`,
    rivals: rivals.filter(({ name }) => servers.includes(name)).map(collecting),
    bases: [nodeNetEcho.name],
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
async function measure(connections: number, { name, port, pid }: Target): Promise<Sample> {
  await (await IdleLoad.connect({ port, connections: 100, ...messageFor(name) })).close()
  await collect(name, pid)
  const base = residentBytes(pid)
  const load = await IdleLoad.connect({ port, connections, ...messageFor(name) })
  try {
    await sleep(REST)
    const uncollected = (residentBytes(pid) - base) / connections
    await collect(name, pid)
    return { collected: (residentBytes(pid) - base) / connections, uncollected, base }
  } finally {
    await load.close()
  }
}

async function collect(name: string, pid: number): Promise<void> {
  if (collectors.has(name)) process.kill(pid, 'SIGUSR2')
  await sleep(REST)
}

/** The rivals that run on Node.js: garbage that V8 has not collected yet is not what a connection needs. */
const collectors = new Set<string>()

function collecting(rival: Rival): Rival {
  const command = async (port: number): Promise<Command> => {
    const command = await rival.command(port)
    if (command.file !== process.execPath) return command
    collectors.add(rival.name)
    return { ...command, args: ['--import', built('benchmarks/servers/collect.js'), ...command.args] }
  }
  return { ...rival, command }
}
