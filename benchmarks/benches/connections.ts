import { bench, common } from '../bench.js'
import { Family } from '../family.js'
import { digits } from '../format.js'
import { type FloodFigures, type FloodWork, startFlood } from '../load/flood.js'
import { number, some } from '../options.js'
import type { Metric, Sample, Target, Trial } from '../plan.js'
import { demand, gcc } from '../programs.js'
import { goEcho } from '../rivals/go.js'
import { nodeClusterEcho, nodeNetEcho } from '../rivals/node.js'
import { revioEcho, revioEchoOnNet, revioLoops } from '../rivals/revio.js'
import { syns } from '../syns.js'

const rivals = [nodeNetEcho, nodeClusterEcho, goEcho, revioEcho, revioLoops, revioEchoOnNet]
const names = rivals.map(({ name }) => name)
/** Connections in progress at once, in the trials that don't use all of them. */
const FEW = 64

const options = {
  connections: number('how many connections', 10_000, 2000),
  size: number('bytes of a message', 1024),
  cases: some('which cases', ['few', 'all', 'held']),
  servers: some('which servers take part', names),
  ...common({ rounds: 5, seconds: 1, quick: 0.5 }),
}

const metrics: readonly Metric[] = [
  {
    key: 'wall',
    title: 'wall us',
    format: value => digits(value * 1e6),
    spread: true,
    ratios: 'all',
    chart: 'Wall time per transaction, microseconds (less is better)',
  },
  {
    key: 'cpu',
    title: 'CPU us',
    format: value => digits(value * 1e6),
    spread: true,
    ratios: 'all',
    chart: 'Server CPU per transaction, microseconds (less is better)',
  },
  { key: 'p50', title: 'p50 ms', format: value => digits(value * 1e3) },
  { key: 'p99', title: 'p99 ms', format: value => digits(value * 1e3), ratios: 'all' },
  { key: 'max', title: 'max ms', format: value => digits(value * 1e3) },
  { key: 'peak', title: 'peak MiB', format: value => digits(value / 2 ** 20) },
  { key: 'again', title: 'SYNs sent again', format: String, spread: true },
  { key: 'overflows', title: 'backlog overflows', format: String },
]

export const connections = bench(
  'connections',
  'a flood of short connections, few at a time and all at once, and many that are held: revio, node:net, node:cluster, Go',
  options,
  ({ connections, size, cases, servers, rounds, seconds }) => {
    demand(gcc)
    const flood = { size, connections }
    const trials = {
      few: trial(`${FEW} at a time`, { ...flood, atOnce: FEW }),
      all: trial('all at once', { ...flood, atOnce: connections }),
      held: trial('held, traffic on 1 %', { ...flood, atOnce: FEW }, Math.ceil(connections / 100)),
    }
    return {
      name: 'connections',
      title: 'Connections',
      conditions: `Connect, ${size} bytes there and back, end; or held open, ${size} bytes there and back at a time; load by flood-load.c`,
      notes: [NOTE],
      rivals: rivals.filter(({ name }) => servers.includes(name)),
      bases: [nodeNetEcho.name, goEcho.name],
      trials: Object.entries(trials).flatMap(([key, trial]) => (cases.includes(key) ? [trial] : [])),
      metrics,
      rounds,
      seconds,
    }
  },
)

const NOTE =
  'SYNs sent again and overflows of a backlog are counted by the kernel, for the whole machine. ' +
  'CPU and memory are those of all processes of a server.'

type Flood = Pick<FloodWork, 'size' | 'connections' | 'atOnce'>

/** `active`: how many of the held connections send and receive. */
function trial(group: string, flood: Flood, active?: number): Trial {
  const work = (seconds: number) => (active === undefined ? flood : { ...flood, hold: { active, seconds } })
  return {
    name: `${flood.connections.toLocaleString('en')} connections`,
    group,
    check: async target => void (await measure({ ...flood, connections: 10, atOnce: 10 }, target)),
    warmUp: async target => {
      await measure(work(0.5), target)
      return 0
    },
    measure: (target, { seconds }) => measure(work(seconds), target),
  }
}

async function measure(work: Omit<FloodWork, 'port'>, { port, pid }: Target): Promise<Sample> {
  const family = new Family(pid)
  family.forgetPeak()
  const syn = syns()
  const load = await startFlood({ ...work, port })
  try {
    const before = family.cpuSeconds()
    const { requests, seconds, p50, p99, max, mismatches } = await load.run<FloodFigures>()
    const cpu = (family.cpuSeconds() - before) / requests
    if (mismatches > 0) throw new Error(`${mismatches} bytes came back wrong`)
    const { again, overflows } = syns()
    const counted = { again: again - syn.again, overflows: overflows - syn.overflows }
    return { wall: seconds / requests, cpu, p50, p99, max, peak: family.peakBytes(), ...counted }
  } finally {
    await load.close()
  }
}
