import { built } from '../paths.js'
import type { Rival } from '../plan.js'

function node(name: string, program: string): Rival {
  const command = (port: number) => ({
    file: process.execPath,
    args: [built(program), '--port', String(port)],
  })
  return { name, about: () => `Node.js ${process.versions.node}`, command }
}

export const nodeNetEcho = node('node:net', 'benchmarks/servers/net-echo.js')
export const nodeHttp = node('node:http', 'benchmarks/servers/http.js')
