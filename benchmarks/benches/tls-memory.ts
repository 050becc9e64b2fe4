import { bench, common } from '../bench.js'
import { collect, collecting, rest } from '../collect.js'
import { digits } from '../format.js'
import { startEchoLoad, tlsLoadName } from '../load/echo.js'
import type { EchoFigures } from '../load/echo-client.js'
import { residentBytes } from '../measure.js'
import { number, some } from '../options.js'
import type { Metric, Sample, Target, Trial } from '../plan.js'
import { epollTlsEcho } from '../rivals/epoll.js'
import { nodeTlsEcho } from '../rivals/node.js'
import { revioPlain, revioSecure, revioSecureOnNet } from '../rivals/revio.js'

const rivals = [nodeTlsEcho, revioSecure, revioSecureOnNet, epollTlsEcho, revioPlain]
const names = rivals.map(({ name }) => name)

const metrics: readonly Metric[] = [
  {
    key: 'collected',
    title: 'bytes/connection',
    format: digits,
    spread: true,
    ratios: 'all',
    chart: 'Bytes of the process for each idle TLS connection (less is better)',
  },
  { key: 'uncollected', title: 'before collection', format: digits },
  { key: 'base', title: 'MiB with none', format: value => digits(value / 2 ** 20) },
]

const { quick, write, rounds } = common({ rounds: 3, seconds: 1, quick: 1 })
const options = {
  connections: number('how many idle connections', 2000, 1000),
  servers: some('which servers take part', names),
  quick,
  write,
  rounds,
}

export const tlsMemory = bench(
  'tls-memory',
  'what a process needs for each idle TLS connection',
  options,
  ({ connections, servers, rounds }) => ({
    name: 'tls-memory',
    title: 'Memory of idle TLS connections',
    conditions: `Each connection has exchanged one message and is silent; load by ${tlsLoadName()}`,
    rivals: rivals.filter(({ name }) => servers.includes(name)).map(collecting),
    bases: [nodeTlsEcho.name],
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
    check: async target => (await hold(1, target)).close(),
    warmUp: async () => 0,
    measure: target => measure(connections, target),
  }
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

/** Connections that have each got a message back. */
async function hold(connections: number, { name, port }: Target) {
  const work = { port, size: 64, connections, inFlight: 1, seconds: 0.001 }
  const load = await startEchoLoad({ ...work, tls: name !== revioPlain.name })
  const { mismatches } = await load.run<EchoFigures>()
  if (mismatches === 0) return load
  await load.close()
  throw new Error(`${mismatches} bytes came back wrong`)
}
