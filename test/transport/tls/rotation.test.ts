import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tls from 'node:tls'
import t from 'tap'
import type { Events } from '../../../lib/index.js'
import { until } from '../until.js'
import { Authority } from './certificates.js'
import { onTls, portOf } from './on-tls.js'

const echo: Events = { data: (_id, input) => [input] }

/** Connects, and answers the socket and the name on the server's certificate. */
async function meet(
  port: number,
  options: tls.ConnectionOptions,
): Promise<{ socket: tls.TLSSocket; name: string }> {
  const socket = tls.connect({ port, host: '127.0.0.1', ...options, checkServerIdentity: () => undefined })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return { socket, name: socket.getPeerX509Certificate()?.subject ?? '' }
}

async function echoes(socket: tls.TLSSocket, text: string): Promise<boolean> {
  socket.write(text)
  const [bytes] = await once(socket, 'data')
  return String(bytes) === text
}

await onTls(t, 'another certificate serves those who come, and drops nobody', async (t, ground) => {
  const ca = ground.authority.cert
  const [one, two] = [ground.authority.issue('DNS:one.test'), ground.authority.issue('DNS:two.test')]
  const server = await ground.serve(echo, { cert: one.cert, key: one.key })
  const first = await meet(portOf(server), { ca })
  t.equal(first.name, 'CN=one.test')
  server.setSecureContext(0, { cert: two.cert, key: two.key })
  const second = await meet(portOf(server), { ca })
  t.equal(second.name, 'CN=two.test')
  t.ok(await echoes(first.socket, 'still here'))
  t.ok(await echoes(second.socket, 'hello'))
  for (const { socket } of [first, second]) socket.destroy()
})

await onTls(t, 'what is not given stays, and files are read again', async (t, ground) => {
  const folder = t.testdir({})
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const renew = (name: string) => {
    const { cert, key } = ground.authority.issue(`DNS:${name}`)
    writeFileSync(certFile, cert)
    writeFileSync(keyFile, key)
  }
  renew('one.test')
  const ca = ground.authority.cert
  const query = `?cert=${certFile}&key=${keyFile}&alpn=h2`
  const server = await ground.serve(echo, { requestCert: true, ca }, query)
  const client = ground.authority.issue('DNS:client.test')
  const options = { ca, cert: client.cert, key: client.key, ALPNProtocols: ['h2'] }
  const first = await meet(portOf(server), options)
  renew('two.test')
  server.setSecureContext(0)
  const second = await meet(portOf(server), options)
  t.strictSame([first.name, second.name], ['CN=one.test', 'CN=two.test'])
  t.equal(second.socket.alpnProtocol, 'h2')
  await until('opened', () => server.info(2) !== undefined)
  t.match(server.info(2)?.tls, { authorized: true, alpn: 'h2' })
  const other = ground.authority.issue('DNS:three.test')
  server.setSecureContext(0, { cert: other.cert, key: other.key })
  const third = await meet(portOf(server), options)
  t.equal(third.name, 'CN=three.test')
  await until('opened', () => server.info(3) !== undefined)
  t.match(server.info(3)?.tls, { authorized: true, alpn: 'h2' })
  for (const { socket } of [first, second, third]) socket.destroy()
})

await onTls(t, 'what cannot be used changes nothing', async (t, ground) => {
  const server = await ground.serve(echo, ground.tls, '', 'tcp4://127.0.0.1:0')
  t.throws(() => server.setSecureContext(0, { cert: 'no certificate', key: ground.tls.key }), {
    code: 'ERR_TLS',
    message: /option cert/,
  })
  t.throws(() => server.setSecureContext(0, { cret: '' } as never), { code: 'ERR_OPTION', message: /"cret"/ })
  t.throws(() => server.setSecureContext(1, {}), {
    code: 'ERR_OPTION',
    message: /addressIndex 1: "tcp4:.*" does not use TLS/,
  })
  t.throws(() => server.setSecureContext(2, {}), {
    code: 'ERR_OPTION',
    message: /addressIndex 2: no such address/,
  })
  const { socket } = await meet(portOf(server), { ca: ground.authority.cert })
  t.ok(await echoes(socket, 'hello'))
  socket.destroy()
})

await onTls(t, 'a certificate that changes under load breaks no handshake', async (t, ground) => {
  const ca = ground.authority.cert
  const certificates = ['one', 'two'].map(name => ground.authority.issue(`DNS:${name}.test`))
  const failures: Error[] = []
  const server = await ground.serve({ ...echo, tlsFailed: error => void failures.push(error) })
  let going = true
  const rotate = async () => {
    for (let round = 0; going; round += 1) {
      const { cert, key } = certificates[round % 2] ?? ground.tls
      server.setSecureContext(0, { cert, key })
      await new Promise(setImmediate)
    }
  }
  const rotating = rotate()
  const visit = async () => {
    for (let round = 0; round < 20; round += 1) {
      const { socket } = await meet(portOf(server), { ca })
      if (!(await echoes(socket, `round ${round}`))) t.fail('another answer')
      socket.destroy()
    }
  }
  await Promise.all(Array.from({ length: 5 }, visit))
  going = false
  await rotating
  t.strictSame(failures, [])
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  await onTls(
    t,
    `${version}: sessions are resumed, behind another certificate and after a restart with the same keys`,
    async (t, ground) => {
      const ca = ground.authority.cert
      const ticketKeys = Buffer.alloc(48, 7)
      const settings = { ...ground.tls, ticketKeys }
      const server = await ground.serve(echo, settings)
      const options: tls.ConnectionOptions = { ca, maxVersion: version, servername: 'localhost' }
      const session = await sessionOf(portOf(server), options)
      const reused = async (port: number) => {
        const { socket } = await meet(port, { ...options, session })
        const answer = socket.isSessionReused()
        t.ok(await echoes(socket, 'hello'))
        socket.destroy()
        return answer
      }
      t.equal(await reused(portOf(server)), true)
      const other = ground.authority.issue('DNS:localhost')
      server.setSecureContext(0, { cert: other.cert, key: other.key })
      t.equal(await reused(portOf(server)), true, 'another certificate')
      const { handshakes, resumed, handshakesFailed } = server.stats()
      t.strictSame(
        { handshakes, resumed, handshakesFailed },
        { handshakes: 3, resumed: 2, handshakesFailed: 0 },
      )
      t.equal(await reused(portOf(await ground.serve(echo, settings))), true, 'a restart')
      t.equal(await reused(portOf(await ground.serve(echo, ground.tls))), false, 'other keys')
      t.equal(
        await reused(
          portOf(await ground.serve(echo, { ...settings, ca, requestCert: true, rejectUnauthorized: false })),
        ),
        false,
        'other demands',
      )
    },
  )
}

async function sessionOf(port: number, options: tls.ConnectionOptions): Promise<Buffer> {
  const { socket } = await meet(port, options)
  const [session] =
    options.maxVersion === 'TLSv1.3'
      ? await Promise.all([once(socket, 'session'), echoes(socket, 'x')]).then(([first]) => first)
      : [socket.getSession()]
  socket.destroy()
  return session
}

await onTls(t, 'an authority’s own list decides whom a dial trusts', async (t, ground) => {
  const server = await ground.serve(echo)
  const stranger = new Authority('somebody else')
  const outcome = await new Promise<Error | undefined>(resolve => {
    server.dial(`${ground.scheme}://localhost:${portOf(server)}?ca=${stranger.certFile}`, {
      events: { closed: (_id, error) => resolve(error) },
    })
  })
  t.match(outcome, { code: 'ERR_TLS' })
  t.equal(readFileSync(stranger.certFile, 'utf8'), stranger.cert)
})
