import { join } from 'node:path'
import { runToEnd } from '../children.js'
import { root } from '../paths.js'
import { wrk } from '../programs.js'

export interface WrkFigures {
  readonly requests: number
  readonly requestsPerSecond: number
  /** Seconds. */
  readonly p50: number
  readonly p99: number
}

/** The options of wrk. */
export interface WrkWork {
  readonly connections: number
  /** Requests in flight on each connection. */
  readonly inFlight: number
  /** Headers as a browser sends them; `varied`: with a cookie that differs between requests. */
  readonly headers: 'plain' | 'browser' | 'varied'
  readonly path: string
  /** Bytes of a body: a POST. 0: a GET. */
  readonly upload: number
  readonly secure: boolean
}

/** Runs wrk with one thread. Rejects if a response is missing or has a status other than 2xx or 3xx. */
export async function wrkLoad(work: WrkWork, port: number, seconds: number): Promise<WrkFigures> {
  const { connections, inFlight, headers, path, upload, secure } = work
  const output = await runToEnd({
    file: wrk.command,
    args: [
      ...['--threads', '1', '--connections', String(connections), '--duration', `${Math.ceil(seconds)}s`],
      ...['--script', join(root, 'benchmarks/load/wrk.lua')],
      `${secure ? 'https' : 'http'}://127.0.0.1:${port}${path}`,
      ...['--', String(inFlight), headers, String(upload)],
    ],
  })
  return figuresIn(output)
}

export function figuresIn(output: string): WrkFigures {
  const json = /^JSON (.+)$/m.exec(output)?.[1]
  if (json === undefined) throw new Error(`wrk printed no figures: ${output.trim()}`)
  const { requests, microseconds, p50, p99, errors } = JSON.parse(json) as Record<string, number>
  if (requests === undefined || microseconds === undefined || p50 === undefined || p99 === undefined) {
    throw new Error(`wrk's figures are not complete: ${json}`)
  }
  if (errors !== 0) throw new Error(`${errors} of ${requests} requests failed`)
  return { requests, requestsPerSecond: requests / (microseconds / 1e6), p50: p50 / 1e6, p99: p99 / 1e6 }
}
