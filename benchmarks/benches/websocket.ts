import { bench, common } from '../bench.js'
import { collecting } from '../collect.js'
import { compile } from '../compile.js'
import { bytes } from '../format.js'
import type { EchoFigures } from '../load/echo-client.js'
import { LoadProcess, options as optionsOf } from '../load/process.js'
import { cpuSeconds, forgetPeak, peakBytes } from '../measure.js'
import { requestMetrics } from '../metrics.js'
import { number, numbers, some } from '../options.js'
import type { Sample, Target, Trial } from '../plan.js'
import { demand, gcc } from '../programs.js'
import { revioWebSocket, revioWebSocketOnNet } from '../rivals/revio.js'
import { wsWebSocket } from '../rivals/websocket.js'
import { idleMetrics, idleTrial } from '../trials/idle.js'

const rivals = [wsWebSocket, revioWebSocket, revioWebSocketOnNet]
const names = rivals.map(({ name }) => name)

/** The options of the load generator. */
interface Load {
  readonly size: number
  readonly connections: number
  readonly inFlight: number
  readonly text: boolean
  readonly broadcast: boolean
}

const options = {
  size: numbers('bytes of a message that is sent back', [64, 16_384], [64]),
  'in-flight': numbers('messages in flight on each connection', [1, 16]),
  connections: number('how many connections', 50),
  kind: some('text, binary or both', ['binary', 'text']),
  subscribers: numbers('how many get each message of a broadcast', [1000, 10_000], [1000]),
  servers: some('which servers take part', names, names.slice(0, 2)),
  ...common({ rounds: 5, seconds: 1, quick: 0.6 }),
}

export const websocket = bench(
  'websocket',
  'messages sent back, and sent to all, every byte checked: revio and ws',
  options,
  ({ size, connections, kind, subscribers, servers, rounds, seconds, ...values }) => {
    demand(gcc)
    const echoes = size.flatMap(size =>
      kind.flatMap(kind =>
        values['in-flight'].map(inFlight => ({
          size,
          connections,
          inFlight,
          text: kind === 'text',
          broadcast: false,
        })),
      ),
    )
    const casts = subscribers.map(connections => ({
      size: 64,
      connections,
      inFlight: 1,
      text: false,
      broadcast: true,
    }))
    return {
      name: 'websocket',
      title: 'WebSocket',
      conditions: `Messages sent back on ${connections} connections, or sent to all of them; load by websocket-load.c`,
      rivals: rivals.filter(({ name }) => servers.includes(name)),
      bases: [wsWebSocket.name],
      trials: [...echoes, ...casts].map(trial),
      metrics: requestMetrics,
      rounds,
      seconds,
    }
  },
)

function trial(load: Load): Trial {
  const { size, connections, inFlight, text, broadcast } = load
  const kind = text ? 'text' : 'binary'
  return {
    name: broadcast ? `64 B to ${connections.toLocaleString('en')}` : `${bytes(size)} ${kind}`,
    group: broadcast ? 'broadcast' : `${inFlight} in flight`,
    check: async target =>
      void (await measure({ ...load, connections: Math.min(connections, 50) }, 0.05, target)),
    warmUp: async target => (await measure(load, 0.7, target)).requestsPerSecond ?? 0,
    measure: (target, { seconds }) => measure(load, seconds, target),
  }
}

async function start(load: Load, seconds: number, port: number): Promise<LoadProcess> {
  const { size, connections, inFlight } = load
  const args = optionsOf({ port, size, connections, 'in-flight': inFlight, seconds })
  if (load.text) args.push('--text')
  if (load.broadcast) args.push('--broadcast')
  return LoadProcess.start({ file: await compile('load/websocket-load.c'), args })
}

async function measure(load: Load, seconds: number, { port, pid }: Target): Promise<Sample> {
  const client = await start(load, seconds, port)
  try {
    forgetPeak(pid)
    const before = cpuSeconds(pid)
    const { requests, p50, p99, mismatches, ...figures } = await client.run<EchoFigures>()
    if (mismatches > 0) throw new Error(`${mismatches} bytes came back wrong`)
    const cpuPerRequest = (cpuSeconds(pid) - before) / requests
    return { requestsPerSecond: requests / figures.seconds, cpuPerRequest, p50, p99, peak: peakBytes(pid) }
  } finally {
    await client.close()
  }
}

const { quick, write, rounds } = common({ rounds: 3, seconds: 1, quick: 1 })
const memoryOptions = {
  connections: number('how many idle connections', 10_000, 2000),
  servers: some('which servers take part', names, names.slice(0, 2)),
  quick,
  write,
  rounds,
}

export const websocketMemory = bench(
  'websocket-memory',
  'what a process needs for each idle WebSocket connection',
  memoryOptions,
  ({ connections, servers, rounds }) => {
    demand(gcc)
    return {
      name: 'websocket-memory',
      title: 'Memory of idle WebSocket connections',
      conditions: 'Each connection has exchanged one message and is silent',
      rivals: rivals.filter(({ name }) => servers.includes(name)).map(collecting),
      bases: [wsWebSocket.name],
      trials: [idleTrial(connections, hold, check)],
      metrics: idleMetrics('idle WebSocket connection'),
      rounds,
      seconds: 0,
      fresh: true,
    }
  },
)

function connections(count: number): Load {
  return { size: 64, connections: count, inFlight: 1, text: false, broadcast: false }
}

async function hold(count: number, { port }: Target): Promise<LoadProcess> {
  const client = await start(connections(count), 0.001, port)
  await client.run<EchoFigures>()
  return client
}

async function check(target: Target): Promise<void> {
  await measure(connections(1), 0.01, target)
}
