import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as net from 'node:net'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { loadNative } from '../../lib/transport/native/load.js'
import { built } from '../paths.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Authority, certificatesMissing, LOCAL } from '../transport/tls/certificates.js'

const skip = nativeMissing() ?? certificatesMissing() ?? false
const REPLACEMENTS = 10
/** For each kind of server. */
const CLIENTS = 3

/** Serves each kind at an address of its own, and tells the ports. */
const PROGRAM = `
  import { serve } from ${JSON.stringify(pathToFileURL(built('lib/index.js')).href)}
  import { http } from ${JSON.stringify(pathToFileURL(built('lib/http/index.js')).href)}
  const [echo, web, secure, cert, key] = process.argv.slice(2)
  const events = { data: (id, input) => [input] }
  const running = [
    serve(events, echo),
    serve(http({ request: () => [{ status: 200, body: 'hello' }] }), web),
    serve(events, { address: secure, tls: { cert, key } }),
  ]
  const servers = await Promise.all(running.map(({ listening }) => listening))
  process.once('SIGTERM', () => { for (const server of servers) server.shutdown({ grace: 5000 }) })
  process.stdout.write(servers.map(({ addresses }) => addresses[0].port).join(' ') + '\\n')
  await Promise.all(running)`

const KINDS = ['echo', 'http', 'tls'] as const
type Kind = (typeof KINDS)[number]

/** Asks once, on a connection of its own. */
async function ask(kind: Kind, port: number, ca: string): Promise<string> {
  const socket =
    kind === 'tls'
      ? tls.connect({ port, host: '127.0.0.1', ca, servername: 'localhost' })
      : net.connect(port, '127.0.0.1')
  socket.write(kind === 'http' ? 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' : 'hello')
  let heard = ''
  for await (const bytes of socket) {
    heard += bytes
    if (kind !== 'http' && heard === 'hello') socket.end()
  }
  return kind === 'http' ? heard.slice(heard.indexOf('\r\n\r\n') + 4) : heard
}

/** A listener that nobody accepts from here, to be inherited. */
function makeListener(): number {
  const { addon } = loadNative()
  if (addon === undefined) throw new Error('there is no addon')
  const memory = () => new SharedArrayBuffer(128 * 1024)
  const [input, stage] = [new Uint8Array(memory()), new Uint8Array(memory())]
  const poller = new addon.Poller(input, stage, new Int32Array(memory()), new Int32Array(memory()), () => {})
  return poller.release(poller.listen('127.0.0.1', 0, 0, 1, 65_535, true, false))
}

/** Asks until it is to stop. */
class Client {
  readonly faults: unknown[] = []
  asked = 0
  over = false

  async run(kind: Kind, port: number, ca: string): Promise<void> {
    while (!this.over) {
      this.asked++
      try {
        const heard = await ask(kind, port, ca)
        if (heard !== 'hello') this.faults.push(heard)
      } catch (error) {
        this.faults.push(error)
      }
    }
  }
}

interface Process {
  readonly child: ChildProcess
  readonly ports: readonly number[]
}

for (const way of ['inherited', 'reuseport'] as const) {
  t.test(`by ${way} listener: ten processes follow each other, and no request is lost`, { skip }, async t => {
    const authority = new Authority()
    const { cert, key } = authority.issue(...LOCAL)
    const program = join(t.testdir({ 'main.mjs': PROGRAM }), 'main.mjs')
    const listeners = KINDS.map(makeListener)
    const start = async (addresses: readonly string[]): Promise<Process> => {
      const stdio = ['ignore', 'pipe', 'inherit', ...listeners] as const
      const child = spawn(process.execPath, [program, ...addresses, cert, key], { stdio: [...stdio] })
      t.teardown(() => child.kill('SIGKILL'))
      const [line] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer]
      return { child, ports: String(line).split(' ').map(Number) }
    }
    const at = (ports: readonly number[]) =>
      KINDS.map((kind, index) => {
        if (way === 'inherited') return `fd://${3 + index}`
        return `${kind === 'tls' ? 'tls' : 'tcp'}://127.0.0.1:${ports[index]}?reuseport=true`
      })
    const first = await start(at([0, 0, 0]))
    const { ports } = first
    let { child } = first
    const clients = KINDS.flatMap(() => Array.from({ length: CLIENTS }, () => new Client()))
    const running = clients.map((client, index) => {
      const kind = KINDS[index % KINDS.length] ?? 'echo'
      return client.run(kind, ports[KINDS.indexOf(kind)] ?? 0, authority.cert)
    })
    for (let replaced = 0; replaced < REPLACEMENTS; replaced++) {
      const next = await start(at(ports))
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const [code] = await gone
      t.equal(code, 0)
      child = next.child
    }
    for (const client of clients) client.over = true
    await Promise.all(running)
    for (const { faults, asked } of clients) {
      t.strictSame(faults, [])
      t.ok(asked > REPLACEMENTS, `${asked} requests`)
    }
  })
}
