import { bench, common } from '../bench.js'
import { ask } from '../exchange.js'
import { wholeAnswers } from '../load/http-answers.js'
import { wrkLoad } from '../load/wrk.js'
import { cpuSeconds, forgetPeak, peakBytes } from '../measure.js'
import { requestMetrics } from '../metrics.js'
import { number, numbers, some } from '../options.js'
import type { Sample, Target, Trial } from '../plan.js'
import { demand, wrk } from '../programs.js'
import { fastify, honoNode, honoRevio, nginxHttp } from '../rivals/http.js'
import { nodeHttp } from '../rivals/node.js'
import { revioHttp, revioHttpOnNet } from '../rivals/revio.js'

const rivals = [nodeHttp, revioHttp, nginxHttp, revioHttpOnNet, fastify, honoNode, honoRevio]
const names = rivals.map(({ name }) => name)

const options = {
  pipeline: numbers('requests in flight on each connection', [1, 16]),
  headers: some('which headers requests have', ['plain', 'browser']),
  connections: number('how many connections', 50),
  servers: some('which servers take part', names, names.slice(0, 3)),
  ...common({ rounds: 3, seconds: 2, quick: 1 }),
}

export const http = bench(
  'http',
  'GET / with wrk: revio, node:http, nginx and others',
  options,
  ({ pipeline, headers, connections, servers, rounds, seconds }) => {
    demand(wrk)
    return {
      name: 'http',
      title: 'HTTP hello world',
      conditions: `wrk with one thread, ${connections} connections`,
      rivals: rivals.filter(({ name }) => servers.includes(name)),
      bases: [nodeHttp.name, nginxHttp.name].filter(name => servers.includes(name)),
      trials: headers.flatMap(headers =>
        pipeline.map(depth => trial({ headers, connections, pipeline: depth })),
      ),
      metrics: requestMetrics,
      rounds,
      seconds,
    }
  },
)

interface Load {
  readonly connections: number
  readonly pipeline: number
  readonly headers: string
}

function trial(load: Load): Trial {
  return {
    name: load.headers === 'plain' ? 'GET /' : "GET / with a browser's headers",
    group: `${load.pipeline} in flight`,
    check: ({ port }) => check(port, load.pipeline),
    warmUp: async target => (await measure(load, 1, target)).requestsPerSecond ?? 0,
    measure: (target, { seconds }) => measure(load, seconds, target),
  }
}

async function measure(load: Load, seconds: number, { port, pid }: Target): Promise<Sample> {
  forgetPeak(pid)
  const before = cpuSeconds(pid)
  const { requests, requestsPerSecond, ...latency } = await wrkLoad({ ...load, port, seconds })
  const cpuPerRequest = (cpuSeconds(pid) - before) / requests
  // wrk times a batch as if it were one request, and then corrects it as if it had been late: no figure of a request.
  const { p50, p99 } = load.pipeline === 1 ? latency : { p50: Number.NaN, p99: Number.NaN }
  return { requestsPerSecond, cpuPerRequest, p50, p99, peak: peakBytes(pid) }
}

/** Pipelined requests must get as many answers, each of them 200 with a body. */
async function check(port: number, count: number): Promise<void> {
  const request = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(count)
  await ask(port, request, got => wholeAnswers(got.toString('latin1')) === count)
}
