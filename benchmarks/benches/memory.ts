import { bench, common } from '../bench.js'
import { collecting } from '../collect.js'
import { exchange } from '../exchange.js'
import { LoadProcess, options as optionsOf } from '../load/process.js'
import { number, some } from '../options.js'
import { built } from '../paths.js'
import type { Target } from '../plan.js'
import { epollEcho } from '../rivals/epoll.js'
import { nodeNetEcho } from '../rivals/node.js'
import { redis } from '../rivals/redis-server.js'
import { revioEcho, revioEchoOnNet, revioRedis } from '../rivals/revio.js'
import { idleMetrics, idleTrial } from '../trials/idle.js'
import { messages } from '../trials/memory.js'

const redisClone = { ...revioRedis, name: 'revio-redis' }
const echoes = [nodeNetEcho, epollEcho, revioEcho, revioEchoOnNet]
const rivals = [...echoes, redis, redisClone]
const names = rivals.map(({ name }) => name)

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
    trials: [idleTrial(connections, hold, check)],
    metrics: idleMetrics('idle connection'),
    rounds,
    seconds: 0,
    fresh: true,
  }),
)

function messageFor(name: string) {
  return [redis, redisClone].some(rival => rival.name === name) ? messages.redis : messages.echo
}

function hold(connections: number, { name, port }: Target): Promise<LoadProcess> {
  const args = optionsOf({ port, connections, ...messageFor(name) })
  return LoadProcess.start({ file: process.execPath, args: [built('benchmarks/load/idle-load.js'), ...args] })
}

function check({ name, port }: Target): Promise<void> {
  return exchange(port, messageFor(name).send, messageFor(name).expect)
}
