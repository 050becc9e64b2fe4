import { compile } from '../compile.js'
import { built } from '../paths.js'
import { gcc, isInstalled } from '../programs.js'
import type { EchoWork } from './echo-client.js'
import { LoadProcess, options } from './process.js'

/** Starts the load on an echo server: in C, or where there is no compiler, in TypeScript. */
export async function startEchoLoad({
  port,
  size,
  connections,
  inFlight,
  seconds,
}: EchoWork): Promise<LoadProcess> {
  const args = options({ port, size, connections, 'in-flight': inFlight, seconds })
  if (isInstalled(gcc)) return LoadProcess.start({ file: await compile('load/echo-load.c'), args })
  return LoadProcess.start({ file: process.execPath, args: [built('benchmarks/load/echo-load.js'), ...args] })
}

/** What makes the load here, for the caption. */
export function echoLoadName(): string {
  return isInstalled(gcc) ? 'load by echo-load.c' : 'load by echo-load.ts (no gcc)'
}
