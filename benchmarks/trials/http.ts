import { ask } from '../exchange.js'
import { wholeAnswers } from '../load/http-answers.js'
import { type WrkWork, wrkLoad } from '../load/wrk.js'
import { cpuSeconds, forgetPeak, peakBytes } from '../measure.js'
import type { Sample, Target, Trial } from '../plan.js'

/** One case of the HTTP benches. */
export interface HttpCase extends Omit<WrkWork, 'connections' | 'secure'> {
  readonly key: string
  readonly name: string
}

const hello = { path: '/', inFlight: 1, upload: 0, headers: 'plain' } as const

export const httpCases: readonly HttpCase[] = [
  { ...hello, key: 'plain', name: 'GET /' },
  { ...hello, key: 'pipelined', name: 'GET /', inFlight: 16 },
  { ...hello, key: 'browser', name: "GET / with a browser's headers", headers: 'browser' },
  { ...hello, key: 'varied', name: 'GET / with headers that vary', headers: 'varied' },
  { ...hello, key: 'post', name: 'POST of 1 KiB', upload: 1024 },
  { ...hello, key: 'body', name: 'GET of 64 KiB', path: '/64k.txt' },
  { ...hello, key: 'small', name: 'GET of a file of 4 KiB', path: '/4k.txt' },
  { ...hello, key: 'large', name: 'GET of a file of 1 MiB', path: '/1m.txt' },
]

/** Requests after which a server is warm, and the seconds that it gets for them. */
const WARM = 10_000
const WARMING = 5

/** A trial with wrk. `takes`: whether a server takes part, by name. */
export function httpTrial(
  { key: _, name, ...work }: HttpCase,
  how: { connections: number; secure?: boolean; takes?: (rival: string) => boolean },
): Trial {
  const load: WrkWork = { ...work, connections: how.connections, secure: how.secure === true }
  return {
    name,
    group: `${work.inFlight} in flight`,
    ...(how.takes && { takes: how.takes }),
    check: ({ port }) => check(load, port),
    warmUp: target => warmUp(load, target),
    measure: (target, { seconds }) => measure(load, seconds, target),
  }
}

/** For a second at least. A large file is sent so seldom that its code would still be cold then. */
async function warmUp(load: WrkWork, target: Target): Promise<number> {
  let rate = 0
  for (let seconds = 0, requests = 0; seconds < WARMING && requests < WARM; seconds++) {
    rate = (await measure(load, 1, target)).requestsPerSecond ?? 0
    requests += rate
  }
  return rate
}

async function measure(load: WrkWork, seconds: number, { port, pid }: Target): Promise<Sample> {
  forgetPeak(pid)
  const before = cpuSeconds(pid)
  const { requests, requestsPerSecond, ...latency } = await wrkLoad(load, port, seconds)
  const cpuPerRequest = (cpuSeconds(pid) - before) / requests
  // wrk times a batch as if it were one request, and then corrects it as if it were late: that is not the latency of a
  // request.
  const { p50, p99 } = load.inFlight === 1 ? latency : { p50: Number.NaN, p99: Number.NaN }
  return { requestsPerSecond, cpuPerRequest, p50, p99, peak: peakBytes(pid) }
}

/** Pipelined requests must get the same number of responses, each of them 200 with a body. */
async function check({ inFlight, upload, path, secure }: WrkWork, port: number): Promise<void> {
  const line = upload === 0 ? `GET ${path}` : `POST ${path}`
  const fields = upload === 0 ? '' : `Content-Type: application/octet-stream\r\nContent-Length: ${upload}\r\n`
  const request = `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n${'x'.repeat(upload)}`
  const isWhole = (got: Buffer) => wholeAnswers(got.toString('latin1')) === inFlight
  await ask(port, request.repeat(inFlight), isWhole, secure)
}
