import { bench, common } from '../bench.js'
import { exchange } from '../exchange.js'
import { type RedisFigures, redisLoad, send } from '../load/redis-benchmark.js'
import { cpuSeconds, forgetPeak, peakBytes } from '../measure.js'
import { requestMetrics } from '../metrics.js'
import { choice, number, numbers, some } from '../options.js'
import type { Effort, Sample, Target, Trial } from '../plan.js'
import { demand, redisBenchmark } from '../programs.js'
import { redis as redisServer } from '../rivals/redis-server.js'
import { revioRedis, revioRedisOnNet } from '../rivals/revio.js'
import { type RedisTest, short, tests } from '../trials/redis.js'

const rivals = [redisServer, revioRedis, revioRedisOnNet]
const names = rivals.map(({ name }) => name)

const options = {
  list: choice("'short' is PING, SET and GET; 'all' is redis-benchmark's whole default list", [
    'short',
    'all',
  ]),
  pipeline: numbers('requests in flight on each connection', [1, 16, 32], [1, 32]),
  connections: number('how many connections', 50),
  keys: number('random keys out of this many; 0: always the same one', 0, 0, { zero: true }),
  servers: some('which servers take part', names, names.slice(0, 2)),
  ...common({ rounds: 3, seconds: 1.5, quick: 0.6 }),
}

/** How the clone's setup differs from Redis with its defaults. */
const notes = [
  'The clone tells V8 to inline more (`--max-inlined-bytecode-size=1000`, `--max-inlined-bytecode-size-cumulative=4000`, ' +
    'in [examples/redis/main.ts](../../examples/redis/main.ts)): a program that does not runs with the limits of V8.',
  'On the native transport the loop holds back a poll while it is faster than its clients, which trades some ' +
    'microseconds of latency for CPU time ([what that brings](../architecture.md#holding-back-a-poll)); ' +
    '`coalesce=false` in the address turns it off.',
]

export const redis = bench(
  'redis',
  'the real redis-benchmark against the Redis clone of examples/redis and redis-server',
  options,
  ({ list, pipeline, connections, keys, servers, rounds, seconds }) => {
    demand(redisBenchmark)
    const chosen = list === 'all' ? tests : tests.filter(({ name }) => short.includes(name))
    const loads = pipeline.map(depth => ({ connections, pipeline: depth, keys }))
    return {
      name: keys > 0 ? 'redis-keys' : list === 'all' ? 'redis-all' : 'redis',
      title: 'Redis clone and Redis',
      conditions: `redis-benchmark, ${connections} connections, P requests in flight on each, ${keyed(keys)}`,
      notes,
      rivals: rivals.filter(({ name }) => servers.includes(name)),
      bases: [redisServer.name],
      trials: loads.flatMap(load => chosen.map(test => trial(test, load))),
      metrics: requestMetrics,
      rounds,
      seconds,
    }
  },
)

interface Load {
  readonly connections: number
  readonly pipeline: number
  readonly keys: number
}

function trial(test: RedisTest, load: Load): Trial {
  return {
    name: test.name,
    group: `P = ${load.pipeline}`,
    check: target => check(test, target),
    warmUp: target => warmUp(test, load, target),
    measure: (target, effort) => measure(test, load, target, effort),
  }
}

function keyed(keys: number): string {
  return keys === 0 ? 'one key' : `random keys out of ${keys.toLocaleString('en')}`
}

async function check({ check }: RedisTest, { port }: Target): Promise<void> {
  const commands = [['FLUSHALL', '+OK'], ...check]
  for (const [command = '', reply = ''] of commands) await exchange(port, encoded(command), `${reply}\r\n`)
}

/** A command as clients send it: an array of bulk strings. */
function encoded(command: string): string {
  const words = command.split(' ')
  return `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
}

/** A very short run, then one of a third of a second, in which hot code gets compiled and the rate is measured. */
async function warmUp(test: RedisTest, load: Load, target: Target): Promise<number> {
  const first = await timed(test, load, target.port, 20_000)
  return (await timed(test, load, target.port, first.requestsPerSecond / 3)).requestsPerSecond
}

async function timed(test: RedisTest, load: Load, port: number, count: number): Promise<RedisFigures> {
  const requests = Math.max(1000, Math.ceil(count))
  await fill(test, load, port, requests)
  return redisLoad({ ...load, port, ask: test.ask, requests })
}

async function measure(test: RedisTest, load: Load, { port, pid }: Target, effort: Effort): Promise<Sample> {
  const requests = Math.max(1000, Math.ceil(effort.requests))
  await fill(test, load, port, requests)
  forgetPeak(pid)
  const before = cpuSeconds(pid)
  const { requestsPerSecond, p50, p99 } = await redisLoad({ ...load, port, ask: test.ask, requests })
  const cpu = cpuSeconds(pid) - before
  return {
    requestsPerSecond,
    cpuPerRequest: cpu / requests,
    p50: p50 / 1e3,
    p99: p99 / 1e3,
    peak: peakBytes(pid),
  }
}

/** Resets the keyspace for a test: it contains only what the test consumes. */
async function fill({ fill }: RedisTest, load: Load, port: number, requests: number): Promise<void> {
  await exchange(port, 'FLUSHALL\r\n', '+OK\r\n')
  if (fill === undefined) return
  const keyspace = Math.max(1000, load.keys * 2)
  const count = fill.requests === 'same' ? requests : fill.requests === 'keyspace' ? keyspace : fill.requests
  await send({ ...load, port, ask: ['-t', fill.test], requests: count, pipeline: 32 })
}
