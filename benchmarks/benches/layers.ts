import { bench, common } from '../bench.js'
import { exchange } from '../exchange.js'
import { echoLoadName, startEchoLoad, tlsLoadName } from '../load/echo.js'
import type { EchoFigures } from '../load/echo-client.js'
import { cpuSeconds } from '../measure.js'
import { requestMetrics } from '../metrics.js'
import { number, numbers, some } from '../options.js'
import type { Sample, Target, Trial } from '../plan.js'
import { nodeTlsEcho } from '../rivals/node.js'
import {
  revioEcho,
  revioFunctions,
  revioMask,
  revioStreams,
  revioTls,
  revioTlsOnNet,
} from '../rivals/revio.js'
import { messages } from '../trials/memory.js'

const secure = [nodeTlsEcho, revioTlsOnNet, revioTls]
const rivals = [...secure, revioEcho, revioFunctions, revioMask, revioStreams]
const names = rivals.map(({ name }) => name)

const options = {
  size: numbers('bytes of a message', [64], [64]),
  connections: number('how many connections', 50),
  'in-flight': numbers('messages in flight on each connection', [1, 16], [1]),
  servers: some('which servers take part', names),
  ...common({ rounds: 5, seconds: 2, quick: 0.6 }),
}

export const layers = bench(
  'layers',
  'an echo behind a layer of translate: TLS beside node:tls, functions and streams beside a plain echo',
  options,
  ({ size, connections, servers, rounds, seconds, ...values }) => ({
    name: 'layers',
    title: 'Layers',
    conditions: `Messages sent back as they came, ${connections} connections; ${echoLoadName()}, over TLS by ${tlsLoadName()}`,
    rivals: rivals.filter(({ name }) => servers.includes(name)),
    bases: [nodeTlsEcho.name, revioEcho.name],
    trials: size.flatMap(size => values['in-flight'].map(inFlight => trial({ size, connections, inFlight }))),
    metrics: requestMetrics.filter(({ key }) => key !== 'peak'),
    rounds,
    seconds,
  }),
)

interface Work {
  readonly size: number
  readonly connections: number
  readonly inFlight: number
}

function trial(work: Work): Trial {
  return {
    name: `${work.size} B`,
    group: `${work.inFlight} in flight`,
    check: target => check(work, target),
    warmUp: async target => (await measure(work, 0.5, target)).requestsPerSecond ?? 0,
    measure: (target, { seconds }) => measure(work, seconds, target),
  }
}

function talksTls({ name }: Target): boolean {
  return secure.some(rival => rival.name === name)
}

/** Over TLS the load generator checks every byte, also while it measures. */
async function check(work: Work, target: Target): Promise<void> {
  const { send, expect } = messages.echo
  if (talksTls(target)) await measure({ ...work, connections: 1 }, 0.1, target)
  else await exchange(target.port, send, expect)
}

async function measure(work: Work, seconds: number, target: Target): Promise<Sample> {
  const { port, pid } = target
  const load = await startEchoLoad({ ...work, port, seconds, tls: talksTls(target) })
  try {
    const before = cpuSeconds(pid)
    const { requests, p50, p99, mismatches, ...figures } = await load.run<EchoFigures>()
    if (mismatches > 0) throw new Error(`${mismatches} bytes came back wrong`)
    const cpuPerRequest = (cpuSeconds(pid) - before) / requests
    return { requestsPerSecond: requests / figures.seconds, cpuPerRequest, p50, p99 }
  } finally {
    await load.close()
  }
}
