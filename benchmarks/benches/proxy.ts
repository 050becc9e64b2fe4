import { Backend } from '../backend.js'
import { bench, common } from '../bench.js'
import { exchange } from '../exchange.js'
import { Family } from '../family.js'
import { bytes } from '../format.js'
import { echoLoadName, startEchoLoad } from '../load/echo.js'
import type { EchoFigures, EchoWork } from '../load/echo-client.js'
import { LONGEST, Pattern } from '../load/pattern.js'
import { requestMetrics } from '../metrics.js'
import { number, numbers, some } from '../options.js'
import type { Sample, Target, Trial } from '../plan.js'
import { gcc, isInstalled } from '../programs.js'
import { epollEcho } from '../rivals/epoll.js'
import { nodeNetEcho } from '../rivals/node.js'
import { proxies } from '../rivals/proxy.js'

const names = Object.keys(proxies)

const options = {
  size: numbers('bytes of a message', [64, 65_536]),
  connections: number('how many connections', 50),
  'in-flight': numbers('messages in flight on each connection', [1, 16]),
  servers: some('which servers take part', names, names.slice(0, 3)),
  ...common({ rounds: 5, seconds: 1, quick: 0.6 }),
}

export const proxy = bench(
  'proxy',
  'messages passed on to an echo server and back: the proxy example, haproxy and pipes of node:net',
  options,
  ({ size, connections, servers, rounds, seconds, ...values }) => {
    const backend = new Backend(isInstalled(gcc) ? epollEcho : nodeNetEcho)
    const target = () => backend.port()
    return {
      name: 'proxy',
      title: 'Proxy',
      conditions: `Messages passed on to an echo server and back, on ${connections} connections; ${echoLoadName()}`,
      rivals: Object.entries(proxies).flatMap(([name, rival]) =>
        servers.includes(name) ? [rival(target)] : [],
      ),
      bases: ['haproxy', 'node:net'],
      trials: size.flatMap(size =>
        values['in-flight'].map(inFlight => trial({ size, connections, inFlight })),
      ),
      metrics: requestMetrics,
      rounds,
      seconds,
      close: () => backend.stop(),
    }
  },
)

type Work = Omit<EchoWork, 'port' | 'seconds'>

function trial(work: Work): Trial {
  const { size, inFlight } = work
  return {
    name: bytes(size),
    group: `${inFlight} in flight`,
    check: target => check(size, target),
    warmUp: async target => (await measure(work, 0.7, target)).requestsPerSecond ?? 0,
    measure: (target, { seconds }) => measure(work, seconds, target),
  }
}

async function check(size: number, { port }: Target): Promise<void> {
  const message = new Pattern().at(0, Math.min(size, LONGEST))
  await exchange(port, message, message)
}

/** Only the proxy's own time and memory count: not those of the server behind it. */
async function measure(work: Work, seconds: number, { port, pid }: Target): Promise<Sample> {
  const load = await startEchoLoad({ ...work, port, seconds })
  try {
    const family = new Family(pid)
    family.forgetPeak()
    const before = family.cpuSeconds()
    const { requests, p50, p99, mismatches, ...figures } = await load.run<EchoFigures>()
    if (mismatches > 0) throw new Error(`${mismatches} bytes came back wrong`)
    const cpuPerRequest = (family.cpuSeconds() - before) / requests
    const peak = family.peakBytes()
    return { requestsPerSecond: requests / figures.seconds, cpuPerRequest, p50, p99, peak }
  } finally {
    await load.close()
  }
}
