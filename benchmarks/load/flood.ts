import { compile } from '../compile.js'
import { LoadProcess, options } from './process.js'

/** The options of load/flood-load.c. */
export interface FloodWork {
  readonly port: number
  /** Bytes of a message. */
  readonly size: number
  readonly connections: number
  /** Transactions in progress at once. */
  readonly atOnce: number
  /** Keeps all connections, of which some send for a while. */
  readonly hold?: { readonly active: number; readonly seconds: number }
}

/** Its output; times in seconds. */
export interface FloodFigures {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly mismatches: number
}

/** Throws `MissingProgram` without a compiler. */
export async function startFlood({ atOnce, hold, ...work }: FloodWork): Promise<LoadProcess> {
  const args = options({ ...work, 'at-once': atOnce, ...hold })
  if (hold !== undefined) args.push('--hold')
  return LoadProcess.start({ file: await compile('load/flood-load.c'), args })
}
