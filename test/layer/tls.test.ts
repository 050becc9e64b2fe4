import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import * as net from 'node:net'
import { join } from 'node:path'
import * as tls from 'node:tls'
import t, { type Test } from 'tap'
import { Action, type Events, type Server, serve, translate } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'
import { until } from '../transport/until.js'

const openssl = spawnSync('openssl', ['version']).status === 0
const noCertificate = openssl ? undefined : 'openssl is not installed (Debian: openssl)'
const folder = t.testdir()
const files = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') }
if (openssl) {
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const args = [...made, '-keyout', files.key, '-out', files.cert, '-subj', '/CN=localhost']
  execFileSync('openssl', args, { stdio: 'ignore' })
}

const MIB = 1024 * 1024

/** Serves handlers over TLS; answers how to connect. */
async function serving<Context>(t: Test, address: string, events: Events<Context>) {
  const [key, cert] = [readFileSync(files.key), readFileSync(files.cert)]
  const secureContext = tls.createSecureContext({ key, cert })
  const secured = translate(
    events,
    () => true,
    (_id, wire) => new tls.TLSSocket(wire, { isServer: true, secureContext }),
  )
  const running = serve(secured, address)
  const server: Server = await running.listening
  t.teardown(async () => {
    server.shutdown({ timeout: 0 })
    await running
  })
  const port = server.addresses[0]?.port ?? 0
  const connect = async (options: tls.ConnectionOptions = {}) => {
    const client = tls.connect({ port, host: '127.0.0.1', ca: cert, servername: 'localhost', ...options })
    client.on('error', () => {})
    await once(client, 'secureConnect')
    return client
  }
  return { server, running, port, connect }
}

/** All that a client receives until its end. */
async function received(client: tls.TLSSocket): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const bytes of client) pieces.push(bytes)
  return Buffer.concat(pieces)
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const rules: Readonly<Record<string, (t: Test, address: string) => Promise<void>>> = {
  async 'a large stream comes back whole'(t, address) {
    const { connect } = await serving(t, address, { data: (_id, input) => [input] })
    const client = await connect()
    const sent = randomBytes(8 * MIB)
    client.end(sent)
    t.equal(digest(await received(client)), digest(sent))
  },

  async 'a large answer goes out whole before the Close behind it, and its token is told first'(t, address) {
    const answer = randomBytes(8 * MIB)
    const log: unknown[] = []
    const { connect } = await serving(t, address, {
      data: () => [answer, Action.Close, 'token'],
      sent: (_id, token, error) => void log.push(error ?? token),
      closed: (_id, error) => void log.push(error),
    })
    const client = await connect()
    client.write('go')
    t.equal(digest(await received(client)), digest(answer))
    await until('closed', () => log.length === 2)
    t.strictSame(log, ['token', undefined])
  },

  async 'each side may end first'(t, address) {
    const { server, connect } = await serving(t, address, {
      opened: () => [null, { halfOpen: true }],
      data: (_id, input) => (String(input) === 'end' ? ['mine', Action.End] : [`got ${input}`]),
      ended: () => [' bye', Action.Close],
    })
    const first = await connect()
    first.end('x')
    t.equal(String(await received(first)), 'got x bye')
    const second = await connect({ allowHalfOpen: true } as tls.ConnectionOptions)
    second.write('end')
    t.equal(String(await received(second)), 'mine')
    t.equal(server.connections, 1)
    second.end()
    await until('its end', () => server.connections === 0)
  },

  async 'a peer that does not read is held to the marks, and to writeTimeout'(t, address) {
    const log: (string | undefined)[] = []
    let fed = 0
    const { server, connect } = await serving(t, address, {
      opened: () => [null, { writeTimeout: 300, highWaterMark: MIB, maxPending: 64 * MIB }],
      data(_id, input) {
        fed += input?.length ?? 0
        return [Buffer.alloc((input?.length ?? 0) * 8, 'x')]
      },
      closed: (_id, error) => void log.push((error as { code?: string } | undefined)?.code),
    })
    const client = await connect()
    client.pause()
    client.write(randomBytes(16 * MIB))
    await until('the mark', () => server.pending(1) > MIB)
    await until('closed', () => log.length === 1)
    t.strictSame(log, ['ETIMEDOUT'])
    t.ok(fed < 16 * MIB, 'it was not read on')
    client.destroy()
  },

  async 'pause holds back, resume lets go on'(t, address) {
    let got = 0
    const { server, connect } = await serving(t, address, {
      opened: () => [null, { paused: true }],
      data: (_id, input) => {
        got += input?.length ?? 0
      },
    })
    const client = await connect()
    const much = 32 * MIB
    client.end(Buffer.alloc(much))
    await new Promise(resolve => setTimeout(resolve, 100))
    t.equal(got, 0)
    t.ok(client.writableLength > 0, 'the peer feels it')
    server.resume(1)
    await until('all', () => got === much)
    await until('closed', () => server.connections === 0)
  },

  async 'Detach hands over the TLSSocket, and what was not delivered'(t, address) {
    const sockets: net.Socket[] = []
    const { connect } = await serving(t, address, {
      data: () => ['bye', Action.Detach],
      detached: (_id, socket) => void sockets.push(socket),
    })
    const client = await connect()
    let text = ''
    client.on('data', bytes => {
      text += bytes
    })
    client.write('first')
    await until('detached', () => sockets.length === 1)
    const [socket] = sockets
    t.ok(socket instanceof tls.TLSSocket)
    client.write('second')
    const [bytes] = await once(socket as net.Socket, 'data')
    t.equal(String(bytes), 'second')
    socket?.end(' more')
    await once(client, 'end')
    t.equal(text, 'bye more')
    client.end()
    socket?.destroy()
  },

  async 'Reset gives up what is pending, and the peer learns of it'(t, address) {
    const log: unknown[] = []
    const { server, connect } = await serving(t, address, {
      data: () => [Buffer.alloc(32 * MIB)],
      closed: (_id, error) => void log.push(error),
    })
    const client = await connect()
    let got = 0
    client.on('data', bytes => {
      got += bytes.length
    })
    client.write('go')
    await until('pending output', () => server.pending(1) > 0)
    server.send(1, undefined, Action.Reset)
    await until('closed', () => log.length === 1)
    t.strictSame(log, [undefined])
    await until('what the peer sees', () => client.destroyed)
    t.ok(got < 32 * MIB)
  },

  async 'a peer that resets is told as that'(t, address) {
    const codes: unknown[] = []
    const { port } = await serving(t, address, {
      opened: () => [null, { highWaterMark: 0 }],
      closed: (_id, error) => void codes.push((error as { code?: string } | undefined)?.code),
    })
    const socket = net.connect(port, '127.0.0.1')
    const client = tls.connect({ socket, rejectUnauthorized: false })
    client.on('error', () => {})
    await once(client, 'secureConnect')
    socket.resetAndDestroy()
    await until('closed', () => codes.length === 1)
    t.strictSame(codes, ['ECONNRESET'])
  },

  async 'a shutdown lets out what is pending, and ends TLS in order'(t, address) {
    const answer = randomBytes(2 * MIB)
    const { running, connect } = await serving(t, address, { data: () => [answer, Action.Shutdown] })
    const client = await connect()
    client.write('go')
    t.equal(digest(await received(client)), digest(answer))
    t.notOk(client.errored)
    await running
  },

  async 'what is no TLS closes with what TLS says of it'(t, address) {
    const errors: (Error | undefined)[] = []
    const { port } = await serving(t, address, { closed: (_id, error) => void errors.push(error) })
    const stranger = net.connect(port, '127.0.0.1')
    stranger.on('error', () => {})
    stranger.write('GET / HTTP/1.1\r\n\r\n'.repeat(20))
    await until('closed', () => errors.length === 1)
    stranger.destroy()
    t.match(errors[0], { code: 'ERR_SSL_HTTP_REQUEST' })
  },

  async 'a handshake that never comes is idle, and holds no Close'(t, address) {
    const errors: unknown[] = []
    const { server, port } = await serving(t, address, {
      opened: id =>
        id === 1 ? ['hello', { idleTimeout: 100 }] : ['hello', { writeTimeout: 100 }, Action.Close],
      closed: (_id, error) => void errors.push((error as { code?: string } | undefined)?.code),
    })
    const silent = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')]
    for (const socket of silent) socket.on('error', () => {})
    await until('both', () => errors.length === 2)
    t.strictSame(errors, ['ETIMEDOUT', 'ETIMEDOUT'])
    t.equal(server.connections, 0)
    for (const socket of silent) socket.destroy()
  },
}

const missing = nativeMissing()
for (const [name, rule] of Object.entries(rules)) {
  t.test(`TLS on the portable transport: ${name}`, { skip: noCertificate ?? false }, t =>
    rule(t, 'tcp4-net://127.0.0.1:0'),
  )
  t.test(`TLS on the native transport: ${name}`, { skip: noCertificate ?? missing ?? false }, t =>
    rule(t, 'tcp4://127.0.0.1:0'),
  )
}
