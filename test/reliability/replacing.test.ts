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
const CLIENTS = 8

const PROGRAM = `
  import { serve } from ${JSON.stringify(pathToFileURL(built('lib/index.js')).href)}
  import { http } from ${JSON.stringify(pathToFileURL(built('lib/http/index.js')).href)}
  const [kind, address, cert, key] = process.argv.slice(2)
  const events = kind === 'http' ? http({ request: () => [{ status: 200, body: 'hello' }] }) : { data: (id, input) => [input] }
  const endpoint = kind === 'tls' ? { address, tls: { cert, key } } : address
  const running = serve(events, endpoint)
  const server = await running.listening
  process.once('SIGTERM', () => server.shutdown({ grace: 5000 }))
  process.stdout.write(server.addresses[0].port + '\\n')
  await running`

type Kind = 'echo' | 'http' | 'tls'

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

for (const [kind, way] of (['echo', 'http', 'tls'] as const).flatMap(kind =>
  (['inherited', 'reuseport'] as const).map(way => [kind, way] as const),
)) {
  t.test(
    `by ${way} listener: ten processes follow each other, and no request is lost: ${kind}`,
    { skip },
    async t => {
      const authority = new Authority()
      const { cert, key } = authority.issue(...LOCAL)
      const program = join(t.testdir({ 'main.mjs': PROGRAM }), 'main.mjs')
      const listener = makeListener()
      const start = async (address: string): Promise<{ child: ChildProcess; port: number }> => {
        const stdio = ['ignore', 'pipe', 'inherit', listener] as const
        const child = spawn(process.execPath, [program, kind, address, cert, key], { stdio: [...stdio] })
        t.teardown(() => child.kill('SIGKILL'))
        const [line] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer]
        return { child, port: Number(String(line)) }
      }
      const scheme = kind === 'tls' ? 'tls' : 'tcp'
      const at = (port: number) =>
        way === 'inherited' ? 'fd://3' : `${scheme}://127.0.0.1:${port}?reuseport=true`
      let { child, port } = await start(at(0))
      let asked = 0
      let over = false
      const faults: unknown[] = []
      const client = async () => {
        while (!over) {
          asked++
          try {
            const heard = await ask(kind, port, authority.cert)
            if (heard !== 'hello') faults.push(heard)
          } catch (error) {
            faults.push(error)
          }
        }
      }
      const clients = Promise.all(Array.from({ length: CLIENTS }, client))
      for (let replaced = 0; replaced < REPLACEMENTS; replaced++) {
        const next = await start(at(port))
        const gone = once(child, 'exit')
        child.kill('SIGTERM')
        const [code] = await gone
        t.equal(code, 0)
        child = next.child
      }
      over = true
      await clients
      t.strictSame(faults, [])
      t.ok(asked > 50, `${asked} requests`)
    },
  )
}
