import { certificate } from '../certificate.js'
import { built } from '../paths.js'
import type { Rival } from '../plan.js'
import { openssl } from '../programs.js'

function node(name: string, program: string, ...more: string[]): Rival {
  const command = (port: number) => ({
    file: process.execPath,
    args: [built(program), '--port', String(port), ...more],
  })
  return { name, about: () => `Node.js ${process.versions.node}`, command }
}

/** Node's own TLS. */
export const nodeTlsEcho = secure('node:tls', 'benchmarks/servers/tls-echo.js')
export const nodeHttps = secure('node:https', 'benchmarks/servers/http.js')

function secure(name: string, program: string): Rival {
  return {
    ...node(name, program),
    needs: openssl,
    async command(port) {
      const { key, cert } = await certificate()
      return {
        file: process.execPath,
        args: [built(program), `--port=${port}`, `--key=${key}`, `--cert=${cert}`],
      }
    },
  }
}

export const nodeNetEcho = node('node:net', 'benchmarks/servers/net-echo.js')
/** Two processes behind one port, balanced by the first, as `node:cluster` does by default. */
export const nodeClusterEcho = node('node:cluster', 'benchmarks/servers/cluster-echo.js', '--loops=2')
/** The same, with messages that take this many steps of work. */
export function busyCluster(loops: number, steps: number): Rival {
  const more = [`--loops=${loops}`, `--work=${steps}`]
  return node(`cluster-${loops}-busy`, 'benchmarks/servers/cluster-echo.js', ...more)
}

/** Pipes to a port and back. */
export function nodePipes(target: () => Promise<number>): Rival {
  return {
    ...node('node:net', ''),
    async command(port) {
      const args = [built('benchmarks/servers/pipe-proxy.js'), `--port=${port}`, `--target=${await target()}`]
      return { file: process.execPath, args }
    },
  }
}

export const nodeHttp = node('node:http', 'benchmarks/servers/http.js')
