import { runToEnd } from '../children.js'
import { redisBenchmark } from '../programs.js'

export interface RedisLoad {
  readonly port: number
  /** `-t name`, or a command with its arguments. */
  readonly ask: readonly string[]
  readonly requests: number
  readonly connections: number
  readonly pipeline: number
  /** The number of random keys; 0: always the same key. */
  readonly keys: number
}

/** redis-benchmark's figures for a run; times in milliseconds. */
export interface RedisFigures {
  readonly requestsPerSecond: number
  readonly p50: number
  readonly p99: number
}

/** Runs redis-benchmark once, for long enough to get figures: it counts time in milliseconds. */
export async function redisLoad(load: RedisLoad): Promise<RedisFigures> {
  return figuresIn(await send(load))
}

/** Makes redis-benchmark send its requests, however few; returns its output. Rejects at the first error reply. */
export async function send(load: RedisLoad): Promise<string> {
  const { port, ask, requests, connections, pipeline, keys } = load
  const args = ['-h', '127.0.0.1', '-p', port, '--csv', '-n', requests, '-c', connections, '-P', pipeline]
  if (keys > 0) args.push('-r', keys)
  return runToEnd({ file: redisBenchmark.command, args: [...args, ...ask].map(String) })
}

/** The figures of the last test in the output of `--csv`. */
export function figuresIn(csv: string): RedisFigures {
  const lines = csv.trim().split('\n').map(cellsOf)
  const head = lines.findLast(cells => cells[0] === 'test')
  const last = lines.at(-1)
  if (head === undefined || last === undefined || last === head) {
    throw new Error(`redis-benchmark printed no figures: ${csv.trim() || 'nothing at all'}`)
  }
  const figure = (name: string) => {
    const value = Number(last[head.indexOf(name)])
    if (Number.isNaN(value)) throw new Error(`redis-benchmark printed no ${name}: ${csv.trim()}`)
    return value
  }
  return { requestsPerSecond: figure('rps'), p50: figure('p50_latency_ms'), p99: figure('p99_latency_ms') }
}

/** The cells of a CSV line: quoted, with quotes in them doubled. */
export function cellsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"]|"")*)"|([^",]+)/g)].map(([, quoted, bare]) => {
    return quoted?.replaceAll('""', '"') ?? bare ?? ''
  })
}
