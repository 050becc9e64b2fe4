import { bench, common } from '../bench.js'
import { exchange } from '../exchange.js'
import { startEchoLoad, tlsLoadName } from '../load/echo.js'
import type { EchoFigures } from '../load/echo-client.js'
import { ciphers, startTlsLoad } from '../load/tls.js'
import { cpuSeconds } from '../measure.js'
import { requestMetrics } from '../metrics.js'
import { choice, number, some } from '../options.js'
import type { Metric, Sample, Target, Trial } from '../plan.js'
import { epollTlsEcho } from '../rivals/epoll.js'
import { nodeTlsEcho } from '../rivals/node.js'
import { revioPlain, revioSecure, revioSecureOnNet } from '../rivals/revio.js'
import { messages } from '../trials/memory.js'
import { type TlsTrial, tlsTrials } from '../trials/tls.js'

const rivals = [nodeTlsEcho, revioSecure, revioSecureOnNet, epollTlsEcho, revioPlain]
const names = rivals.map(({ name }) => name)

const options = {
  cases: some(
    'which cases',
    tlsTrials.map(({ key }) => key),
  ),
  connections: number('how many connections', 50),
  cipher: choice('the cipher suite', ciphers),
  servers: some(
    'which servers take part',
    names,
    names.filter(name => name !== revioSecureOnNet.name),
  ),
  ...common({ rounds: 5, seconds: 1, quick: 0.5 }),
}

const resumed: Metric = { key: 'resumed', title: 'resumed', format: share => percent(share) }

export const tls = bench(
  'tls',
  'messages sent back over TLS 1.3, and handshakes, every byte checked: revio, node:tls and a C program on OpenSSL',
  options,
  ({ cases, connections, cipher, servers, rounds, seconds }) => ({
    name: 'tls',
    title: 'TLS',
    conditions: `TLS 1.3, ${cipher}, ${connections} connections; load by ${tlsLoadName()}`,
    rivals: rivals.filter(({ name }) => servers.includes(name)),
    bases: [nodeTlsEcho.name, epollTlsEcho.name],
    trials: tlsTrials
      .filter(({ key }) => cases.includes(key))
      .map(work => trial({ ...work, connections, cipher })),
    metrics: [...requestMetrics.filter(({ key }) => key !== 'peak'), resumed],
    rounds,
    seconds,
  }),
)

type Work = TlsTrial & { readonly connections: number; readonly cipher: (typeof ciphers)[number] }

function percent(share: number): string {
  return Number.isNaN(share) ? '-' : `${(100 * share).toFixed(0)} %`
}

function trial(work: Work): Trial {
  return {
    name: work.name,
    group: work.group,
    takes: rival => rival !== revioPlain.name || (!work.single && work.handshakes === undefined),
    check: target => check(work, target),
    warmUp: async target => (await measure(work, 0.5, target)).requestsPerSecond ?? 0,
    measure: (target, { seconds }) => measure(work, seconds, target),
  }
}

/** Over TLS the load generator checks every byte, also while it measures. */
async function check(work: Work, target: Target): Promise<void> {
  const { send, expect } = messages.echo
  if (target.name === revioPlain.name) await exchange(target.port, send, expect)
  else await measure({ ...work, connections: 1 }, 0.1, target)
}

function start(work: Work, seconds: number, { name, port }: Target) {
  const { size, connections, inFlight, cipher, single, handshakes } = work
  const echo = { port, size, connections, inFlight, seconds }
  if (name === revioPlain.name) return startEchoLoad(echo)
  if (!single && handshakes === undefined) return startEchoLoad({ ...echo, tls: true, cipher })
  return startTlsLoad({ ...echo, cipher, single, ...(handshakes && { handshakes }) })
}

async function measure(work: Work, seconds: number, target: Target): Promise<Sample> {
  const load = await start(work, seconds, target)
  try {
    const before = cpuSeconds(target.pid)
    const { requests, p50, p99, mismatches, ...figures } = await load.run<
      EchoFigures & { resumed?: number }
    >()
    if (mismatches > 0) throw new Error(`${mismatches} bytes came back wrong`)
    const cpuPerRequest = (cpuSeconds(target.pid) - before) / requests
    const sample = { requestsPerSecond: requests / figures.seconds, cpuPerRequest, p50, p99 }
    return work.handshakes === undefined ? sample : { ...sample, resumed: (figures.resumed ?? 0) / requests }
  } finally {
    await load.close()
  }
}
