import { compile } from '../compile.js'
import { LoadProcess, options } from './process.js'

/** What load/flood-load.c is started with. */
export interface FloodWork {
  readonly port: number
  /** Bytes of a message. */
  readonly size: number
  readonly connections: number
  /** How many are under way at a time. */
  readonly atOnce: number
  /** All connections are kept, and some of them send for a while. */
  readonly hold?: { readonly active: number; readonly seconds: number }
}

/** What it tells; times in seconds. */
export interface FloodFigures {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly mismatches: number
}

/** Throws `MissingProgram` where there is no compiler. */
export async function startFlood({ atOnce, hold, ...work }: FloodWork): Promise<LoadProcess> {
  const args = options({ ...work, 'at-once': atOnce, ...hold })
  if (hold !== undefined) args.push('--hold')
  return LoadProcess.start({ file: await compile('load/flood-load.c'), args })
}
