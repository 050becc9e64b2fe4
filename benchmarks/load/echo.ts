import { compile } from '../compile.js'
import { built } from '../paths.js'
import { gcc, isInstalled, isLinkable, libssl } from '../programs.js'
import type { EchoWork } from './echo-client.js'
import { LoadProcess, options } from './process.js'
import { startTlsLoad } from './tls.js'

/** Starts the load on an echo server: in C, or in TypeScript without a compiler, or for TLS without OpenSSL. */
export async function startEchoLoad({
  inFlight,
  tls = false,
  cipher,
  ...work
}: EchoWork): Promise<LoadProcess> {
  if (tls && isLinkable(libssl)) return startTlsLoad({ ...work, inFlight, ...(cipher && { cipher }) })
  const args = options({ ...work, 'in-flight': inFlight })
  if (isInstalled(gcc) && !tls) return LoadProcess.start({ file: await compile('load/echo-load.c'), args })
  const program = built('benchmarks/load/echo-load.js')
  return LoadProcess.start({
    file: process.execPath,
    args: [program, ...args, `--tls=${tls}`, `--cipher=${cipher ?? ''}`],
  })
}

/** The name of the load generator over TLS, for the caption. */
export function tlsLoadName(): string {
  return isLinkable(libssl) ? 'tls-load.c' : 'echo-load.ts (no gcc, or no libssl-dev)'
}

/** The name of the load generator, for the caption. */
export function echoLoadName(): string {
  return isInstalled(gcc) ? 'load by echo-load.c' : 'load by echo-load.ts (no gcc)'
}
