import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { built, root } from '../paths.js'
import type { Rival } from '../plan.js'

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
const about = () => `revio ${version} on Node.js ${process.versions.node}`

/** A program of ours on the transport it takes by itself ('auto'), on the native one or on node:net. */
function revio(
  name: string,
  program: string,
  transport: 'auto' | 'native' | 'net',
  ...more: string[]
): Rival {
  const env = transport === 'auto' ? {} : { REVIO_NATIVE: transport === 'native' ? '1' : '0' }
  const command = (port: number) => ({
    file: process.execPath,
    args: [built(program), '--port', String(port), ...more],
    env,
  })
  return { name, about, command }
}

export const revioRedis = revio('revio', 'examples/redis/main.js', 'auto')
export const revioRedisOnNet = revio('revio-net', 'examples/redis/main.js', 'net')

export const revioEcho = revio('revio-native', 'benchmarks/servers/revio-echo.js', 'native')
export const revioEchoOnNet = revio('revio-net', 'benchmarks/servers/revio-echo.js', 'net')
export const revioEchoCopied = revio('revio-copied', 'benchmarks/servers/revio-echo.js', 'auto', '--copy')

export const revioHttp = revio('revio', 'examples/http.js', 'auto')
export const revioHttpOnNet = revio('revio-net', 'examples/http.js', 'net')
