import { once } from 'node:events'
import * as net from 'node:net'
import * as tls from 'node:tls'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { Action, type Events, type Info, type Server, type TlsClientOptions } from '../../../lib/index.js'
import { Authority } from './certificates.js'
import { onTls, portOf, promised } from './on-tls.js'

const echo: Events = { data: (_id, input) => [input] }

/** What a client hears until its connection is over, having said something. */
async function say(
  server: Server,
  options: tls.ConnectionOptions,
  text = 'hello',
): Promise<{ heard: string; socket: tls.TLSSocket }> {
  const socket = tls.connect({ port: portOf(server), host: '127.0.0.1', servername: 'localhost', ...options })
  await once(socket, 'secureConnect')
  socket.write(text)
  let heard = ''
  for await (const bytes of socket) {
    heard += bytes
    if (heard.length >= text.length) socket.end()
  }
  return { heard, socket }
}

/** Settles once a socket is closed, with an error or without one. */
function gone(socket: net.Socket): Promise<void> {
  return new Promise(resolve => (socket.closed ? resolve() : socket.once('close', () => resolve())))
}

/** What a loop knows of its connections. */
function watched(events: Events = echo): {
  events: Events
  infos: Info[]
  failures: [Error, string][]
  failed: Promise<void>
} {
  const infos: Info[] = []
  const failures: [Error, string][] = []
  const failed = promised<void>()
  return {
    infos,
    failures,
    failed: failed.promise,
    events: {
      ...events,
      opened(_id, info) {
        infos.push(info)
      },
      tlsFailed(error, remote) {
        failures.push([error, remote.toString()])
        failed.resolve()
      },
    },
  }
}

/** Dials, says something and waits for the answer: what became of it. */
function dial(
  server: Server,
  address: string,
  options: TlsClientOptions = {},
): Promise<{ info: Info | undefined; heard: string; error: Error | undefined }> {
  const { promise, resolve } = promised<{ info: Info | undefined; heard: string; error: Error | undefined }>()
  let known: Info | undefined
  let heard = ''
  const events: Events = {
    opened(_id, info) {
      known = info
      return ['dialled']
    },
    data(_id, input) {
      heard += input
      return heard === 'dialled' ? [null, Action.Close] : undefined
    },
    closed: (_id, error) => resolve({ info: known, heard, error }),
  }
  server.dial(address, { events, tls: options })
  return promise
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  await onTls(t, `${version}: a client is served, and both know what was agreed on`, async (t, ground) => {
    const { events, infos } = watched()
    const server = await ground.serve(events, { ...ground.tls, ALPNProtocols: ['h2', 'http/1.1'] })
    const { heard, socket } = await say(server, {
      ca: ground.authority.cert,
      ALPNProtocols: ['http/1.1', 'other'],
      maxVersion: version,
    })
    t.equal(heard, 'hello')
    t.equal(socket.alpnProtocol, 'http/1.1')
    t.match(infos[0]?.tls, {
      protocol: version,
      cipher: version === 'TLSv1.3' ? /^TLS_/ : /^ECDHE-/,
      servername: 'localhost',
      alpn: 'http/1.1',
      reused: false,
      authorized: false,
    })
    t.equal(infos[0]?.tls?.peerCertificate, undefined)
    t.equal(infos[0]?.remoteAddress.network, 'tcp4')
  })
}

await onTls(t, 'plain text is no handshake, and its sender is told of', async (t, ground) => {
  const { events, failures, failed, infos } = watched()
  const server = await ground.serve(events)
  const socket = net.connect(portOf(server), '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\n\r\n')
  socket.resume()
  await once(socket, 'connect')
  const { localPort } = socket
  await failed
  t.match(failures, [
    [{ code: 'ERR_TLS', message: /handshake with tcp4:.*: http request$/ }, `tcp4://127.0.0.1:${localPort}`],
  ])
  t.equal(infos.length, 0)
  await gone(socket)
})

await onTls(t, 'a peer that stays silent is given up after handshakeTimeout', async (t, ground) => {
  const { events, failures, failed } = watched()
  const server = await ground.serve(events, ground.tls, '?handshakeTimeout=50')
  const socket = net.connect(portOf(server), '127.0.0.1').resume()
  socket.on('error', () => {})
  await Promise.all([failed, gone(socket)])
  t.match(failures, [[{ code: 'ETIMEDOUT', message: /not completed within 50 ms$/ }]])
})

await onTls(t, 'beyond maxHandshakes peers wait for those that are under way', async (t, ground) => {
  const { events, failures } = watched()
  const server = await ground.serve(events, { ...ground.tls, maxHandshakes: 1, handshakeTimeout: 200 })
  const silent = net.connect(portOf(server), '127.0.0.1').resume()
  silent.on('error', () => {})
  await once(silent, 'connect')
  const { heard } = await say(server, { ca: ground.authority.cert })
  t.equal(heard, 'hello')
  t.equal(failures.length, 1, 'the silent one had to go first')
})

await onTls(
  t,
  'choose answers another certificate: at once, later, by a promise of another realm, and for no name at all',
  async (t, ground) => {
    const asked: string[] = []
    const { events, failures, failed } = watched()
    const one = ground.authority.issue('DNS:one.test')
    const two = ground.authority.issue('DNS:two.test')
    const three = ground.authority.issue('DNS:three.test')
    const foreign: PromiseConstructor = runInNewContext('Promise')
    const server = await ground.serve(events, {
      ...ground.tls,
      choose(servername) {
        asked.push(servername)
        if (servername === 'one.test') return { cert: one.cert, key: one.key }
        if (servername === 'two.test')
          return new Promise(resolve => setTimeout(resolve, 5, { cert: two.cert, key: two.key }))
        if (servername === 'three.test') return foreign.resolve({ cert: three.cert, key: three.key })
        if (servername === 'bad.test') throw new Error('nobody of that name')
        return undefined
      },
    })
    const ca = ground.authority.cert
    for (const servername of ['one.test', 'two.test', 'three.test', 'localhost']) {
      const { socket } = await say(server, { ca, servername })
      t.equal(socket.authorized, true, servername)
    }
    const nameless = await say(server, { ca, servername: '', host: '127.0.0.1' })
    t.equal(nameless.heard, 'hello')
    const refused = tls.connect({ port: portOf(server), host: '127.0.0.1', ca, servername: 'bad.test' })
    refused.on('error', () => {})
    await Promise.all([failed, gone(refused)])
    t.match(failures, [[{ code: 'ERR_TLS', message: /nobody of that name/ }]])
    t.strictSame(asked, ['one.test', 'two.test', 'three.test', 'localhost', '', 'bad.test'])
  },
)

await onTls(t, 'client certificates: trusted, foreign, missing', async (t, ground) => {
  const stranger = new Authority('a stranger').issue('DNS:client.test')
  const friend = ground.authority.issue('DNS:client.test')
  const ca = ground.authority.cert
  const { events, infos, failures } = watched()
  const server = await ground.serve(events, { ...ground.tls, ca, requestCert: true })
  t.equal((await say(server, { ca, cert: friend.cert, key: friend.key })).heard, 'hello')
  t.match(infos[0]?.tls, { authorized: true })
  t.equal(infos[0]?.tls?.peerCertificate?.subject, 'CN=client.test')
  for (const shown of [{}, { cert: stranger.cert, key: stranger.key }]) {
    const socket = tls.connect({
      port: portOf(server),
      host: '127.0.0.1',
      servername: 'localhost',
      ca,
      ...shown,
    })
    socket.on('error', () => {})
    socket.resume()
    await gone(socket)
  }
  while (failures.length < 2) await new Promise(setImmediate)
  t.match(failures[0], [{ code: 'ERR_TLS', message: /certificate/ }])
  t.match(failures[1], [{ code: 'ERR_TLS', message: /certificate/ }])
  t.equal(infos.length, 1)
})

await onTls(t, 'rejectUnauthorized=false takes any client, and says what is wrong', async (t, ground) => {
  const stranger = new Authority('a stranger').issue('DNS:client.test')
  const ca = ground.authority.cert
  const { events, infos } = watched()
  const server = await ground.serve(
    events,
    { ...ground.tls, ca },
    '?requestCert=true&rejectUnauthorized=false',
  )
  t.equal((await say(server, { ca })).heard, 'hello')
  t.equal((await say(server, { ca, cert: stranger.cert, key: stranger.key })).heard, 'hello')
  t.match(infos[0]?.tls, { authorized: false, authorizationError: undefined, peerCertificate: undefined })
  t.match(infos[1]?.tls, { authorized: false, authorizationError: /^UNABLE_TO_/ })
  t.equal(infos[1]?.tls?.peerCertificate?.subject, 'CN=client.test')
})

await onTls(t, 'dialling verifies chain and name', async (t, ground) => {
  const server = await ground.serve(echo)
  const port = portOf(server)
  const ca = ground.authority.cert
  const named = await dial(server, `${ground.scheme}://localhost:${port}`, { ca })
  t.match(named, {
    heard: 'dialled',
    error: undefined,
    info: { closing: false, tls: { authorized: true, servername: 'localhost' } },
  })
  t.match(named.info?.tls?.peerCertificate?.subjectAltName, 'DNS:localhost')
  const numbered = await dial(server, `${ground.scheme}://127.0.0.1:${port}`, { ca })
  t.match(numbered, { heard: 'dialled', info: { tls: { authorized: true, servername: '' } } })
  const untrusted = await dial(server, `${ground.scheme}://127.0.0.1:${port}`)
  t.match(untrusted, {
    info: { closing: true, tls: undefined },
    error: { code: 'ERR_TLS', message: /certificate/ },
  })
  const misnamed = await dial(server, `${ground.scheme}://127.0.0.1:${port}?servername=other.test`, { ca })
  t.match(misnamed, { info: { closing: true }, error: { code: 'ERR_TLS', message: /other\.test/ } })
  const careless = await dial(server, `${ground.scheme}://127.0.0.1:${port}?rejectUnauthorized=false`)
  t.match(careless, {
    heard: 'dialled',
    info: { tls: { authorized: false, authorizationError: /^[A-Z_]+$/ } },
  })
})

await onTls(t, 'dialling one that speaks no TLS, or nothing at all, fails', async (t, ground) => {
  const server = await ground.serve(echo)
  const plain = net.createServer(socket => socket.end('220 smtp.test\r\n').on('error', () => {}))
  const silent = net.createServer(socket => socket.on('error', () => {}).resume())
  for (const other of [plain, silent]) {
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    t.teardown(() => other.close())
  }
  const at = (other: net.Server) =>
    `${ground.scheme}://127.0.0.1:${(other.address() as net.AddressInfo).port}`
  t.match(await dial(server, at(plain)), {
    info: { closing: true },
    error: { code: 'ERR_TLS', message: /wrong version number|packet length too long/ },
  })
  t.match(await dial(server, at(silent), { handshakeTimeout: 50 }), {
    info: { closing: true },
    error: { code: 'ETIMEDOUT' },
  })
})

await onTls(t, 'a protocol that nobody else offers ends the handshake', async (t, ground) => {
  const { events, failures, failed } = watched()
  const server = await ground.serve(events, { ...ground.tls, ALPNProtocols: ['h2'] })
  const { error } = await dial(server, `${ground.scheme}://localhost:${portOf(server)}`, {
    ca: ground.authority.cert,
    ALPNProtocols: ['smtp'],
  })
  t.match(error, { code: 'ERR_TLS', message: /no application protocol/ })
  await failed
  t.match(failures, [[{ code: 'ERR_TLS' }]])
})

await onTls(t, 'a shutdown ends handshakes that are under way', async (t, ground) => {
  const { events } = watched()
  const server = await ground.serve(events)
  const socket = net.connect(portOf(server), '127.0.0.1').resume()
  socket.on('error', () => {})
  await once(socket, 'connect')
  await say(server, { ca: ground.authority.cert })
  server.shutdown()
  await gone(socket)
  t.pass('closed')
})
