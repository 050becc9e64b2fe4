import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nginxConfiguration } from '../nginx.js'
import { built, root } from '../paths.js'
import type { Rival } from '../plan.js'
import { MissingProgram, nginx } from '../programs.js'

/** Popular HTTP servers, and Hono on revio and on its own Node server. */
export const fastify = packaged('fastify', 'fastify', 'http-fastify.js')
export const honoNode = packaged('hono-node', '@hono/node-server', 'http-hono-node.js')
export const honoRevio = packaged('hono-revio', 'hono', 'http-hono-revio.js')

/** One process, like the others. */
export const nginxHttp: Rival = {
  name: 'nginx',
  needs: nginx,
  // It prints its version to standard error.
  about: () => 'nginx, one process',
  command: async port => ({ file: nginx.command, args: ['-c', await nginxConfiguration(port)] }),
}

function packaged(name: string, needed: string, program: string): Rival {
  return {
    name,
    about: () => `${needed} ${version(needed)} on Node.js ${process.versions.node}`,
    command: port => {
      version(needed)
      return {
        file: process.execPath,
        args: [built(`benchmarks/servers/${program}`), '--port', String(port)],
      }
    },
  }
}

function version(needed: string): string {
  try {
    const text = readFileSync(join(root, `node_modules/${needed}/package.json`), 'utf8')
    return (JSON.parse(text) as { version: string }).version
  } catch {
    throw new MissingProgram({ command: needed, package: 'none; npm ci installs it' })
  }
}
