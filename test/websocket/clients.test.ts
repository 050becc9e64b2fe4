import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import t from 'tap'
import { WebSocket as UndiciSocket } from 'undici'
import { WebSocket } from 'ws'
import type { Endpoint } from '../../lib/index.js'
import { root } from '../paths.js'
import { Authority, certificatesMissing } from '../transport/tls/certificates.js'
import { protocolCases } from './autobahn.js'
import { text } from './frames.js'
import { inPieces } from './reading.js'
import { served } from './served.js'
import { answers, describe, echo } from './world.js'

const MESSAGES = [
  '',
  'hello',
  'κόσμε',
  'x'.repeat(125),
  'y'.repeat(126),
  'z'.repeat(65_536),
  Buffer.alloc(0),
  Buffer.alloc(300_000, 7),
]
const HEAD =
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

const noCertificates = certificatesMissing()
const authority = noCertificates === undefined ? new Authority() : undefined
const certificate = authority?.issue('DNS:localhost', 'IP:127.0.0.1')
const tls = certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }

const addresses: { name: string; scheme: string; address: string | Endpoint }[] = [
  { name: 'tcp', scheme: 'ws', address: 'tcp4://127.0.0.1:0' },
  { name: 'tcp-net', scheme: 'ws', address: 'tcp4-net://127.0.0.1:0' },
  { name: 'tls', scheme: 'wss', address: { address: 'tls4://127.0.0.1:0', tls } },
  { name: 'tls-net', scheme: 'wss', address: { address: 'tls4-net://127.0.0.1:0', tls } },
]

/** Debian's Python has Debian's package, whatever other one comes first. */
const python = ['python3', '/usr/bin/python3'].find(
  file => spawnSync(file, ['-c', 'import websockets']).status === 0,
)
const noPython = python === undefined && 'websockets for Python is not installed (Debian: python3-websockets)'

for (const { name, scheme, address } of addresses) {
  const skip = scheme === 'wss' && noCertificates
  t.test(`ws over ${name}, plain and compressed`, { skip: skip || false }, async t => {
    for (const deflate of [false, true, { contextTakeover: true, threshold: 0 }]) {
      const { port, stop } = await served(address, echo, { deflate })
      const socket = new WebSocket(`${scheme}://127.0.0.1:${port}/`, {
        ca: authority?.cert,
        perMessageDeflate: { threshold: 0 },
      })
      const got: { data: Buffer; isBinary: boolean }[] = []
      await once(socket, 'open')
      for (let round = 0; round < 3; round++) for (const message of MESSAGES) socket.send(message)
      await new Promise<void>(resolve =>
        socket.on('message', (data: Buffer, isBinary) => {
          if (got.push({ data, isBinary }) === 3 * MESSAGES.length) resolve()
        }),
      )
      for (const [index, { data, isBinary }] of got.entries()) {
        const message = MESSAGES[index % MESSAGES.length] ?? ''
        t.ok(data.equals(Buffer.from(message as string)) && isBinary === (typeof message !== 'string'))
      }
      t.equal(socket.extensions !== '', deflate !== false)
      socket.ping('p')
      const [payload] = (await once(socket, 'pong')) as [Buffer]
      t.equal(String(payload), 'p')
      socket.close(4002, 'bye')
      const [code] = await once(socket, 'close')
      t.equal(code, 4002)
      await stop()
    }
  })

  t.test(`websockets of Python over ${name}`, { skip: skip || noPython }, async t => {
    for (const deflate of [false, true]) {
      const { port, stop } = await served(address, echo, {
        deflate: deflate && { threshold: 100, contextTakeover: true },
      })
      const script = join(root, 'test/websocket/fixtures/echo_client.py')
      const env = { ...process.env, ...(certificate && { SSL_CERT_FILE: authority?.certFile }) }
      const args = [script, `${scheme}://127.0.0.1:${port}/`, ...(deflate ? ['deflate'] : [])]
      const { stdout } = await promisify(execFile)(python ?? '', args, { env, timeout: 60_000 })
      t.equal(stdout.trim(), 'ok')
      await stop()
    }
  })
}

t.test("undici's WebSocket", async t => {
  const { port, stop } = await served('tcp4://127.0.0.1:0', echo, {
    deflate: true,
    subprotocol: offered => offered[0],
  })
  const socket = new UndiciSocket(`ws://127.0.0.1:${port}/`, ['chat'])
  socket.binaryType = 'arraybuffer'
  await new Promise(resolve => socket.addEventListener('open', resolve, { once: true }))
  t.equal(socket.protocol, 'chat')
  for (const message of MESSAGES) {
    socket.send(message)
    const event = await new Promise<{ data: unknown }>(resolve =>
      socket.addEventListener('message', resolve as never, { once: true }),
    )
    if (typeof message === 'string') t.equal(event.data, message)
    else t.ok(Buffer.from(event.data as ArrayBuffer).equals(message))
  }
  socket.close(4000, 'bye')
  const closed = await new Promise<{ code: number; wasClean: boolean }>(resolve =>
    socket.addEventListener('close', resolve as never, { once: true }),
  )
  t.equal(closed.code, 4000)
  t.ok(closed.wasClean)
  await stop()
})

t.test('the cases over the network, behind the handshake and byte by byte', async t => {
  for (const [place, { scheme, address }] of addresses.entries()) {
    const secure = scheme === 'wss'
    if (secure && noCertificates) continue
    const { port, stop } = await served(address, echo, { closeTimeout: 100 })
    // Each transport gets its own share of them.
    const every = secure ? 20 : 10
    const chosen = protocolCases.filter(({ input }, index) => input.length < 400 && index % every === place)
    await Promise.all(
      chosen.map(async ({ name, input, found }, index) => {
        const all = Buffer.concat([Buffer.from(HEAD), input])
        const pieces = index % 2 === 0 ? [all] : inPieces(all, 1)
        const got = await say(port, pieces, answers(found).length, secure)
        const shown = describe(got).map(each =>
          each.startsWith('close') ? each.split(' ').slice(0, 2).join(' ') : each,
        )
        t.strictSame(shown, answers(found), name)
      }),
    )
    await stop()
  }
})

t.test('HTTP goes on where nothing is upgraded', async t => {
  const { port, stop } = await served('tcp4://127.0.0.1:0', echo, {
    origin: async origin => origin === 'http://good',
  })
  t.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'hello')
  const refused = new WebSocket(`ws://127.0.0.1:${port}/`, { origin: 'http://bad' })
  const [error] = await once(refused, 'error')
  t.match(error.message, /403/)
  const taken = new WebSocket(`ws://127.0.0.1:${port}/`, { origin: 'http://good' })
  await once(taken, 'open')
  taken.terminate()
  const old = new WebSocket(`ws://127.0.0.1:${port}/`, { protocolVersion: 8, origin: 'http://good' })
  const [wrong] = await once(old, 'error')
  t.match(wrong.message, /426/)
  await stop()
})

t.test('what comes right behind the handshake is answered behind it, the greeting first', async t => {
  const { port, stop } = await served('tcp4://127.0.0.1:0', { ...echo, opened: () => ['hello'] })
  const got = await say(port, [Buffer.concat([Buffer.from(HEAD), text('first'), text('second')])], 3)
  t.strictSame(describe(got), ['text hello', 'text first', 'text second'])
  await stop()
})

/** Sends pieces, each on its own, and answers what came behind the head: so many frames, or all until the end. */
function say(port: number, pieces: readonly Buffer[], frames: number, secure = false): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const to = { port, host: '127.0.0.1' }
    const socket = secure ? connectTls({ ...to, ca: authority?.cert }) : connect(to)
    socket.setNoDelay()
    let all = Buffer.alloc(0)
    const body = () => all.subarray(all.indexOf('\r\n\r\n') + 4)
    const finish = () => {
      socket.destroy()
      resolve(body())
    }
    socket.on('data', bytes => {
      all = Buffer.concat([all, bytes])
      if (all.includes('\r\n\r\n') && enough(body(), frames)) finish()
    })
    socket.on('end', finish).on('error', reject)
    for (const piece of pieces) socket.write(piece)
    if (frames === 0) setImmediate(() => socket.end())
  })
}

function enough(bytes: Buffer, frames: number): boolean {
  try {
    return frames > 0 && describe(bytes).length >= frames
  } catch {
    return false
  }
}
