import { bench, common } from '../bench.js'
import { exchange } from '../exchange.js'
import { bytes } from '../format.js'
import { echoLoadName, startEchoLoad } from '../load/echo.js'
import type { EchoFigures, EchoWork } from '../load/echo-client.js'
import { LONGEST, Pattern } from '../load/pattern.js'
import { cpuSeconds, forgetPeak, peakBytes } from '../measure.js'
import { requestMetrics } from '../metrics.js'
import { numbers, some } from '../options.js'
import type { Sample, Target, Trial } from '../plan.js'
import { epollEcho } from '../rivals/epoll.js'
import { nodeNetEcho } from '../rivals/node.js'
import { revioEcho, revioEchoCopied, revioEchoOnNet } from '../rivals/revio.js'
import * as trials from '../trials/echo.js'

const rivals = [nodeNetEcho, epollEcho, revioEcho, revioEchoOnNet, revioEchoCopied]
const names = rivals.map(({ name }) => name)

const options = {
  size: numbers('bytes of a message', trials.sizes, [64]),
  connections: numbers('how many connections', trials.connections, [50]),
  'in-flight': numbers('messages in flight on each connection', trials.inFlight),
  servers: some('which servers take part', names, names.slice(0, 4)),
  ...common({ rounds: 3, seconds: 1, quick: 0.6 }),
}

export const echo = bench(
  'echo',
  'messages sent back as they came, every byte checked: revio, node:net and a C program on epoll',
  options,
  ({ size, connections, servers, rounds, seconds, ...values }) => ({
    name: 'echo',
    title: 'Echo',
    conditions: `Messages sent back as they came, some in flight on each connection; ${echoLoadName()}`,
    rivals: rivals.filter(({ name }) => servers.includes(name)),
    bases: [nodeNetEcho.name, epollEcho.name],
    trials: size.flatMap(size =>
      connections.flatMap(connections =>
        values['in-flight'].map(inFlight => trial({ size, connections, inFlight })),
      ),
    ),
    metrics: requestMetrics,
    rounds,
    seconds,
  }),
)

type Work = Omit<EchoWork, 'port' | 'seconds'>

function trial(work: Work): Trial {
  const { size, connections, inFlight } = work
  return {
    name: `${bytes(size)}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    group: `${inFlight} in flight`,
    check: target => check(size, target),
    warmUp: async target => (await measure(work, 0.5, target)).requestsPerSecond ?? 0,
    measure: (target, { seconds }) => measure(work, seconds, target),
  }
}

async function check(size: number, { port }: Target): Promise<void> {
  const message = new Pattern().at(0, Math.min(size, LONGEST))
  await exchange(port, message, message)
}

async function measure(work: Work, seconds: number, { port, pid }: Target): Promise<Sample> {
  const load = await startEchoLoad({ ...work, port, seconds })
  try {
    forgetPeak(pid)
    const before = cpuSeconds(pid)
    const { requests, p50, p99, mismatches, ...figures } = await load.run<EchoFigures>()
    if (mismatches > 0) throw new Error(`${mismatches} bytes came back wrong`)
    const cpuPerRequest = (cpuSeconds(pid) - before) / requests
    return { requestsPerSecond: requests / figures.seconds, cpuPerRequest, p50, p99, peak: peakBytes(pid) }
  } finally {
    await load.close()
  }
}
