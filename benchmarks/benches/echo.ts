import { bench, common } from '../bench.js'
import { bytes } from '../format.js'
import { echoLoadName } from '../load/echo.js'
import { cpuSeconds, forgetPeak, peakBytes } from '../measure.js'
import { requestMetrics } from '../metrics.js'
import { numbers, some } from '../options.js'
import type { Trial } from '../plan.js'
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

function trial(work: trials.Work): Trial {
  const { size, connections } = work
  return trials.echoTrial(work, {
    name: `${bytes(size)}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    warmUp: 0.5,
    meterOf: pid => ({
      cpuSeconds: () => cpuSeconds(pid),
      forgetPeak: () => forgetPeak(pid),
      peakBytes: () => peakBytes(pid),
    }),
  })
}
