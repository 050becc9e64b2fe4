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

/** Runs wrk with one thread. Rejects when an answer was missing or had another status than 2xx or 3xx. */
export async function wrkLoad(work: {
  port: number
  connections: number
  pipeline: number
  /** `browser`: those that a browser sends. */
  headers?: string
  seconds: number
}): Promise<WrkFigures> {
  const { port, connections, pipeline, headers = 'plain', seconds } = work
  const output = await runToEnd({
    file: wrk.command,
    args: [
      ...['--threads', '1', '--connections', String(connections), '--duration', `${Math.ceil(seconds)}s`],
      ...[
        '--script',
        join(root, 'benchmarks/load/wrk.lua'),
        `http://127.0.0.1:${port}/`,
        '--',
        String(pipeline),
        headers,
      ],
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
