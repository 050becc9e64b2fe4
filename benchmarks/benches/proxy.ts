import { Backend } from '../backend.js'
import { bench, common } from '../bench.js'
import { Family } from '../family.js'
import { bytes } from '../format.js'
import { echoLoadName } from '../load/echo.js'
import { requestMetrics } from '../metrics.js'
import { number, numbers, some } from '../options.js'
import type { Trial } from '../plan.js'
import { gcc, isInstalled } from '../programs.js'
import { epollEcho } from '../rivals/epoll.js'
import { nodeNetEcho } from '../rivals/node.js'
import { proxies } from '../rivals/proxy.js'
import { echoTrial, type Work } from '../trials/echo.js'

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

function trial(work: Work): Trial {
  return echoTrial(work, {
    name: bytes(work.size),
    warmUp: 0.7,
    // Counts only the proxy's own time and memory, and not those of the server behind it.
    meterOf: pid => new Family(pid),
  })
}
