import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { built, root } from '../paths.js'
import type { Rival } from '../plan.js'
import { MissingProgram } from '../programs.js'

/** The most popular WebSocket server on Node.js. */
export const wsWebSocket: Rival = {
  name: 'ws',
  about: () => `ws ${version()} on Node.js ${process.versions.node}`,
  command: port => {
    version()
    return {
      file: process.execPath,
      args: [built('benchmarks/servers/ws-websocket.js'), '--port', String(port)],
    }
  },
}

function version(): string {
  try {
    const text = readFileSync(join(root, 'node_modules/ws/package.json'), 'utf8')
    return (JSON.parse(text) as { version: string }).version
  } catch {
    throw new MissingProgram({ command: 'ws', package: 'none; npm ci installs it' })
  }
}
