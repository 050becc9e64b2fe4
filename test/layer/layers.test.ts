import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import * as net from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import * as tls from 'node:tls'
import t, { type Test } from 'tap'
import { type Events, type Layer, type Server, serve, translate } from '../../lib/index.js'
import { coders } from './coders.js'

/** Serves handlers behind a layer on a free port, and ends with the test. */
async function serving(t: Test, events: Events, wrap: Parameters<typeof translate>[2]): Promise<Server> {
  const started = promised<Server>()
  const layered = translate<undefined>(
    { ...events, serving: server => started.resolve(server) },
    (_id, { addressIndex }) => addressIndex === 0,
    wrap,
  )
  const done = serve(layered, 'tcp4://127.0.0.1:0', 'tcp4-net://127.0.0.1:0')
  const server = await started.promise
  t.teardown(async () => {
    server.shutdown()
    await done
  })
  return server
}

/** A promise, and what settles it. */
function promised<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>(settle => {
    resolve = settle
  })
  return { promise, resolve }
}

const echo: Events = { data: (_id, input) => [input] }

for (const [name, coder] of Object.entries(coders)) {
  t.test(`a large stream comes back whole through ${name}, whatever its reader's pace`, async t => {
    const server = await serving(t, echo, (): Layer => coder.layer())
    const socket = net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1')
    const { encode, decode } = coder.peer()
    pipeline(socket, decode, () => {})
    encode.pipe(socket)
    const sent = randomBytes(4 * 1024 * 1024)
    encode.end(sent)
    const hash = createHash('sha256')
    let length = 0
    for await (const bytes of decode) {
      hash.update(bytes)
      length += bytes.length
      // Leaves the server waiting now and then, so that its backpressure has something to do.
      if (length % 7 === 0) await new Promise(setImmediate)
    }
    t.equal(length, sent.length)
    t.equal(hash.digest('hex'), createHash('sha256').update(sent).digest('hex'))
  })
}

t.test('connections that were not chosen have no layer', async t => {
  const server = await serving(t, echo, (): Layer => coders.cipher.layer())
  const socket = net.connect(server.addresses[1]?.port ?? 0, '127.0.0.1')
  socket.end('plain')
  const [bytes] = await once(socket, 'data')
  t.equal(String(bytes), 'plain')
  await once(socket, 'close')
})

t.test('TLS: a real client is served, told apart from one that speaks no TLS', async t => {
  if (spawnSync('openssl', ['version']).status !== 0) {
    t.pass('no certificate', { skip: 'openssl is not installed (Debian: openssl)' })
    return
  }
  const folder = t.testdir()
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, '-subj', '/CN=localhost'],
    {
      stdio: 'ignore',
    },
  )
  const key = readFileSync(join(folder, 'key.pem'))
  const cert = readFileSync(join(folder, 'cert.pem'))
  const closed: (Error | undefined)[] = []
  const failed = promised<void>()
  const server = await serving(
    t,
    {
      opened: () => ['hello\n'],
      data: (_id, input) => [`secret ${input}`],
      closed(_id, error) {
        closed.push(error)
        if (error !== undefined) failed.resolve()
      },
    },
    (_id, wire) => new tls.TLSSocket(wire, { isServer: true, key, cert }),
  )
  const port = server.addresses[0]?.port ?? 0
  const client = tls.connect({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' })
  client.write('one')
  let text = ''
  for await (const bytes of client) {
    text += bytes
    if (text.endsWith('one')) client.end()
  }
  t.equal(text, 'hello\nsecret one')

  const stranger = net.connect(port, '127.0.0.1')
  stranger.on('error', () => {})
  stranger.write('GET / HTTP/1.1\r\n\r\n'.repeat(20))
  await failed.promise
  stranger.destroy()
  t.match(
    closed.find(error => error !== undefined),
    { message: /http request/ },
    'what TLS itself says',
  )
})

t.test('what wrap throws closes the connection with it, and the others go on', async t => {
  const fault = new Error('no layer today')
  const told = promised<Error | undefined>()
  const events: Events = { ...echo, closed: (_id, error) => told.resolve(error) }
  const server = await serving(t, events, () => {
    throw fault
  })
  const socket = net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  t.equal(await told.promise, fault)
  await once(socket, 'close')
})
