import { bench, common } from '../bench.js'
import { collecting } from '../collect.js'
import { startEchoLoad, tlsLoadName } from '../load/echo.js'
import type { EchoFigures } from '../load/echo-client.js'
import { number, some } from '../options.js'
import type { Target } from '../plan.js'
import { epollTlsEcho } from '../rivals/epoll.js'
import { nodeTlsEcho } from '../rivals/node.js'
import { revioPlain, revioSecure, revioSecureOnNet } from '../rivals/revio.js'
import { idleMetrics, idleTrial } from '../trials/idle.js'

const rivals = [nodeTlsEcho, revioSecure, revioSecureOnNet, epollTlsEcho, revioPlain]
const names = rivals.map(({ name }) => name)

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
    trials: [idleTrial(connections, hold, check)],
    metrics: idleMetrics('idle TLS connection'),
    rounds,
    seconds: 0,
    fresh: true,
  }),
)

/** Opens connections that have each received a message. */
async function hold(connections: number, { name, port }: Target) {
  const work = { port, size: 64, connections, inFlight: 1, seconds: 0.001 }
  const load = await startEchoLoad({ ...work, tls: name !== revioPlain.name })
  const { mismatches } = await load.run<EchoFigures>()
  if (mismatches === 0) return load
  await load.close()
  throw new Error(`${mismatches} bytes came back wrong`)
}

async function check(target: Target): Promise<void> {
  const load = await hold(1, target)
  await load.close()
}
