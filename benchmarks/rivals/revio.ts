import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { certificate } from '../certificate.js'
import { built, root } from '../paths.js'
import type { Rival } from '../plan.js'
import { openssl } from '../programs.js'

/** The transport that a server uses: its default, or a forced one. */
type Transport = 'auto' | 'native' | 'net'

const loopsEcho = 'benchmarks/servers/loops-echo.js'

export const revioRedis = revio('revio', 'examples/redis/main.js', 'auto')
export const revioRedisOnNet = revio('revio-net', 'examples/redis/main.js', 'net')

export const revioEcho = revio('revio-native', 'benchmarks/servers/revio-echo.js', 'native')
export const revioEchoOnNet = revio('revio-net', 'benchmarks/servers/revio-echo.js', 'net')
export const revioEchoCopied = revio('revio-copied', 'benchmarks/servers/revio-echo.js', 'auto', '--copy')

/** Two loops in two threads, and one more thread that accepts for them. */
export const revioLoops = looping('revio-2-loops', '--loops=2')

/** Loops whose handlers take this many steps of work. */
export function busyLoops(loops: number, steps: number): Rival {
  return looping(`revio-${loops}-busy`, `--loops=${loops}`, `--work=${steps}`)
}

/** Loops that report their number. */
export function balancedLoops(loops: number, balance: string): Rival {
  return looping(`revio-${balance}`, `--loops=${loops}`, `--balance=${balance}`, '--who')
}

const proxy = 'examples/proxy.js'
const echo = 'benchmarks/servers/revio-echo.js'
export const revioSecure = overTls(revio('revio', echo, 'native'))
export const revioSecureOnNet = overTls(revio('revio-net', echo, 'net'))
export const revioPlain = revio('revio-plain', echo, 'native')

export const revioFunctions = layered('revio-functions', 'native', 'functions')
export const revioMask = layered('revio-mask', 'native', 'mask')
export const revioStreams = layered('revio-streams', 'native', 'streams')
export const revioTls = overTls(layered('revio-tls', 'native', 'tls'))
export const revioTlsOnNet = overTls(layered('revio-tls-net', 'net', 'tls'))

const site = 'benchmarks/servers/revio-http.js'
export const revioHttp = revio('revio', site, 'auto')
export const revioHttpOnNet = revio('revio-net', site, 'net')
export const revioHttps = overTls(revioHttp)
export const revioHttpsOnNet = overTls(revioHttpOnNet)

export const revioWebSocket = revio('revio-native', 'benchmarks/servers/revio-websocket.js', 'native')
export const revioWebSocketOnNet = revio('revio-net', 'benchmarks/servers/revio-websocket.js', 'net')

/** The proxy example with a port as its target. */
export const revioProxy = (target: () => Promise<number>) => leading(revio('revio', proxy, 'native'), target)
export const revioProxyOnNet = (target: () => Promise<number>) =>
  leading(revio('revio-net', proxy, 'net'), target)

function revio(name: string, program: string, transport: Transport, ...more: string[]): Rival {
  const env = transport === 'auto' ? {} : { REVIO_NATIVE: transport === 'native' ? '1' : '0' }
  const command = (port: number) => ({
    file: process.execPath,
    args: [built(program), '--port', String(port), ...more],
    env,
  })
  return { name, about: () => about(name, transport), command }
}

/** An echo server of several loops. Its description uses one name for all variants. */
function looping(name: string, ...more: string[]): Rival {
  return { ...revio(name, loopsEcho, 'native', ...more), about: () => about('revio', 'native') }
}

/** An echo server behind a layer of `translate`. */
function layered(name: string, transport: Transport, layer: string): Rival {
  return revio(name, 'benchmarks/servers/layer-echo.js', transport, '--layer', layer)
}

function leading(rival: Rival, target: () => Promise<number>): Rival {
  return {
    ...rival,
    async command(port) {
      const [to, command] = await Promise.all([target(), rival.command(port)])
      return { ...command, args: [...command.args, `--target=tcp4://127.0.0.1:${to}`] }
    },
  }
}

function overTls(rival: Rival): Rival {
  return {
    ...rival,
    needs: openssl,
    async command(port) {
      const [{ key, cert }, command] = await Promise.all([certificate(), rival.command(port)])
      return { ...command, args: [...command.args, `--key=${key}`, `--cert=${cert}`] }
    },
  }
}

async function about(name: string, transport: Transport): Promise<string> {
  const on = transport === 'auto' ? await transportTaken() : transport
  return `${name} ${version()} on the ${on} transport and Node.js ${process.versions.node}`
}

function version(): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
}

/** The transport of plain addresses here, as reported by a server that starts and ends. */
async function transportTaken(): Promise<string> {
  const { Action, serve } = await import('revio')
  let transport = ''
  const serving = (server: { transport: string }) => {
    transport = server.transport
    return Action.Shutdown
  }
  await serve({ serving }, 'tcp4://127.0.0.1:0')
  return transport
}
