import { bench, common } from '../bench.js'
import { exchange } from '../exchange.js'
import { Family } from '../family.js'
import { digits, ratio, thousands } from '../format.js'
import { startEchoLoad } from '../load/echo.js'
import type { EchoFigures } from '../load/echo-client.js'
import { type FloodFigures, startFlood } from '../load/flood.js'
import { sharesOf } from '../load/shares.js'
import { number, some } from '../options.js'
import type { Metric, Sample, Target, Trial } from '../plan.js'
import { demand, gcc } from '../programs.js'
import { busyCluster, nodeClusterEcho, nodeNetEcho } from '../rivals/node.js'
import { balancedLoops, busyLoops, revioEcho, revioLoops } from '../rivals/revio.js'
import { MESSAGE, stepsIn } from '../servers/work.js'

/**
 * Messages in flight on each connection: several for each system call, so that the client leaves the cores to the
 * servers.
 */
const IN_FLIGHT = 4
/** The number of loops that share the connections. */
const LOOPS = 4
/** The single-loop servers, and the equivalents with two loops or processes. */
const ALONE: Readonly<Record<string, string>> = {
  [revioLoops.name]: revioEcho.name,
  [nodeClusterEcho.name]: nodeNetEcho.name,
}
const handers = [nodeNetEcho, nodeClusterEcho, revioEcho, revioLoops]
const balanced = (['round-robin', 'least-connections', 'random', 'kernel'] as const).map(balance =>
  balancedLoops(LOOPS, balance),
)

const options = {
  cases: some('which cases', ['work', 'handing', 'balance']),
  work: number('microseconds that a handler works for each message, in the first case', 20),
  connections: number('connections that are made and end, and are handed over', 10_000, 2000),
  shared: number(`connections that are shared out among ${LOOPS} loops`, 400),
  ...common({ rounds: 5, seconds: 1, quick: 0.5 }),
}

const microseconds = (value: number) => digits(value * 1e6)

const metrics: readonly Metric[] = [
  {
    key: 'rate',
    title: 'per second',
    format: thousands,
    spread: true,
    ratios: 'all',
    chart: 'Messages, or connections, per second (more is better)',
  },
  {
    key: 'cpu',
    title: 'CPU us',
    format: microseconds,
    spread: true,
    chart: 'Server CPU for each of them, microseconds (less is better)',
  },
  { key: 'handing', title: 'handing over us', format: microseconds, spread: true, ratios: 'first' },
  { key: 'shares', title: 'max/min', format: ratio, spread: true },
]

const NOTE =
  'Handing over is what a connection costs two loops, or processes, more than one that accepts for itself, next to each ' +
  'other in time. max/min is of the connections that each loop has.'

export const loops = bench(
  'loops',
  'what two loops answer, what handing a connection over costs, and how even the shares are; against node:cluster',
  options,
  ({ cases, work, connections, shared, rounds, seconds }) => {
    demand(gcc)
    const steps = cases.includes('work') ? stepsIn(work) : 0
    const busy = [busyLoops(1, steps), busyLoops(2, steps), busyCluster(2, steps)]
    const parts = {
      work: { rivals: busy, trial: working(work) },
      handing: { rivals: handers, trial: handing(connections) },
      balance: { rivals: balanced, trial: balancing(shared) },
    }
    const chosen = Object.entries(parts).flatMap(([key, part]) => (cases.includes(key) ? [part] : []))
    return {
      name: 'loops',
      title: 'Loops',
      conditions: 'Echo by several loops, or processes; load by echo-load.c and flood-load.c',
      notes: [NOTE],
      rivals: chosen.flatMap(({ rivals }) => rivals),
      bases: [nodeClusterEcho.name, 'revio-1-busy'],
      trials: chosen.map(({ rivals, trial }) => ({
        ...trial,
        takes: rival => rivals.some(({ name }) => name === rival),
      })),
      metrics,
      rounds,
      seconds,
    }
  },
)

/** Each message costs its handler this much work; the client does almost nothing. */
function working(work: number): Trial {
  return {
    name: `handlers of ${work} us`,
    group: `50 connections, ${IN_FLIGHT} in flight`,
    check: ({ port }) => exchange(port, 'who works?', 'who works?'),
    warmUp: async target => (await measureWork(0.7, target)).rate ?? 0,
    measure: (target, { seconds }) => measureWork(seconds, target),
  }
}

async function measureWork(seconds: number, { port, pid }: Target): Promise<Sample> {
  const load = await startEchoLoad({ port, size: MESSAGE, connections: 50, inFlight: IN_FLIGHT, seconds })
  try {
    const family = new Family(pid)
    const before = family.cpuSeconds()
    const { requests, mismatches, seconds: took } = await load.run<EchoFigures>()
    if (mismatches > 0) throw new Error(`${mismatches} bytes came back wrong`)
    return { rate: requests / took, cpu: (family.cpuSeconds() - before) / requests }
  } finally {
    await load.close()
  }
}

function handing(connections: number): Trial {
  /** The last measured cost of a connection, by server. */
  const costs = new Map<string, number>()
  const measure = async (target: Target): Promise<Sample> => {
    const { rate, cpu } = await measureFlood(connections, target)
    costs.set(target.name, cpu)
    const alone = costs.get(ALONE[target.name] ?? '')
    return alone === undefined ? { rate, cpu } : { rate, cpu, handing: cpu - alone }
  }
  return {
    name: `${connections.toLocaleString('en')} connections`,
    group: '64 at a time, handed over',
    check: async target => void (await measureFlood(10, target)),
    warmUp: async target => (await measure(target)).rate ?? 0,
    measure,
  }
}

async function measureFlood(connections: number, { port, pid }: Target) {
  const load = await startFlood({ port, size: 64, connections, atOnce: 64 })
  try {
    const family = new Family(pid)
    const before = family.cpuSeconds()
    const { requests, mismatches, seconds } = await load.run<FloodFigures>()
    if (mismatches > 0) throw new Error(`${mismatches} bytes came back wrong`)
    return { rate: requests / seconds, cpu: (family.cpuSeconds() - before) / requests }
  } finally {
    await load.close()
  }
}

function balancing(shared: number): Trial {
  return {
    name: `${shared.toLocaleString('en')} connections`,
    group: `shared out among ${LOOPS} loops`,
    check: async ({ port }) => void (await sharesOf(port, LOOPS, LOOPS)),
    warmUp: async () => 0,
    async measure({ port }) {
      const shares = await sharesOf(port, shared, LOOPS)
      return { shares: Math.max(...shares) / Math.min(...shares) }
    },
  }
}
