import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import * as net from 'node:net'
import * as tls from 'node:tls'
import t, { type Test } from 'tap'
import { parseAddress } from '../../../lib/address.js'
import type { ClientSecurity } from '../../../lib/transport/security.js'
import type { Dialer } from '../../../lib/transport/transport.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, Heard, rests, until } from './harness.js'
import {
  alpn,
  certificates,
  clientSecurity,
  receive,
  recordSecurely,
  type SecureRecorder,
  skip,
} from './tls-harness.js'

const before = openDescriptors()

async function server(t: Test, options: tls.TlsOptions) {
  const server = tls.createServer(options)
  const sockets: tls.TLSSocket[] = []
  server.on('secureConnection', socket => {
    socket.on('error', () => {})
    sockets.push(socket)
    t.teardown(() => socket.destroy())
  })
  server.on('tlsClientError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  return { port: (server.address() as net.AddressInfo).port, sockets }
}

/** What comes of a dial. */
function dial(host: SecureRecorder, port: number, security: ClientSecurity) {
  const outcome: { heard?: Heard; error?: NodeJS.ErrnoException; giveUp: () => void } = { giveUp() {} }
  const dialer: Dialer = {
    connected(_, link) {
      outcome.heard = new Heard(link, -1)
      return outcome.heard
    },
    failed(error) {
      outcome.error = error
    },
  }
  outcome.giveUp = host.transport.dial(parseAddress(`tcp4://127.0.0.1:${port}`), dialer, security)
  return outcome
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  await t.test(`${maxVersion}: a server that is trusted`, { skip }, async t => {
    const { server: identity, ca } = certificates()
    const { port, sockets } = await server(t, { ...identity, ALPNProtocols: ['b'], maxVersion })
    const host = recordSecurely(t)
    const outcome = dial(host, port, clientSecurity({ ca }, { alpn: alpn('a', 'b') }))
    await until('a connection', () => outcome.heard !== undefined && sockets.length === 1)
    const [socket] = sockets
    const { heard } = outcome
    if (heard === undefined || socket === undefined) throw new Error('there is none')
    t.match(heard.link.tls, { protocol: maxVersion, alpn: 'b', servername: 'localhost', authorized: true })
    t.equal(socket.servername, 'localhost')
    host.write(heard, Buffer.from('hello'))
    t.equal(String(await receive(socket, 5)), 'hello')
    socket.end('bye')
    await until('the end', () => heard.ends === 1)
    t.equal(heard.text, 'bye')
    heard.link.end()
    await until('its close', () => socket.closed)
    heard.link.close({ reset: false })
    t.ok(await rests())
  })
}

await t.test('certificates that are not to be trusted, and names that are others', { skip }, async t => {
  const { server: identity, ca, stranger } = certificates()
  const trusted = await server(t, identity)
  const strange = await server(t, stranger)
  const host = recordSecurely(t)
  const tries: [number, ClientSecurity, string, RegExp][] = [
    [strange.port, clientSecurity({ ca }), 'DEPTH_ZERO_SELF_SIGNED_CERT', /certificate verify failed/],
    [trusted.port, clientSecurity({}), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', /certificate verify failed/],
    [
      trusted.port,
      clientSecurity({ ca }, { servername: 'elsewhere.example' }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
      /elsewhere\.example/,
    ],
    [
      trusted.port,
      clientSecurity({ ca }, { servername: '127.0.0.2' }),
      'ERR_TLS_CERT_ALTNAME_INVALID',
      /127\.0\.0\.2/,
    ],
  ]
  for (const [port, security, code, message] of tries) {
    const outcome = dial(host, port, security)
    await until('a failure', () => outcome.error !== undefined)
    t.equal(outcome.error?.code, 'ERR_TLS')
    t.equal((outcome.error?.cause as NodeJS.ErrnoException | undefined)?.code, code)
    t.match(outcome.error?.message, message)
    t.match(outcome.error?.message, `TLS handshake with ${security.servername}, tcp4://127.0.0.1:${port}: `)
    t.equal(outcome.heard, undefined)
    const lax = dial(host, port, { ...security, rejectUnauthorized: false })
    await until('a connection', () => lax.heard !== undefined)
    t.match(lax.heard?.link.tls, { authorized: false, authorizationError: code })
    lax.heard?.link.close({ reset: false })
  }
})

await t.test('an IP address is looked for in the certificate, and is not asked for', { skip }, async t => {
  const { server: identity, ca } = certificates()
  const { port, sockets } = await server(t, identity)
  const host = recordSecurely(t)
  const outcome = dial(host, port, clientSecurity({ ca }, { servername: '127.0.0.1' }))
  await until('a connection', () => outcome.heard !== undefined && sockets.length === 1)
  t.match(outcome.heard?.link.tls, { authorized: true, servername: '' })
  t.equal(sockets[0]?.servername, false)
  outcome.heard?.link.close({ reset: false })
})

await t.test('a certificate of this side', { skip }, async t => {
  const { server: identity, client, ca } = certificates()
  const { port, sockets } = await server(t, { ...identity, ca, requestCert: true })
  const host = recordSecurely(t)
  const outcome = dial(host, port, clientSecurity({ ca, ...client }))
  await until('a connection', () => outcome.heard !== undefined && sockets.length === 1)
  t.equal(sockets[0]?.getPeerCertificate().subject.CN, 'The client')
  outcome.heard?.link.close({ reset: false })
})

await t.test('servers that speak no TLS, that end, and that are silent', { skip }, async t => {
  const plain = net.createServer(socket => {
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    const answer = answers.shift()
    if (answer !== undefined) socket.end(answer)
  })
  await once(plain.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => plain.close())
  const { port } = plain.address() as net.AddressInfo
  const answers = ['220 hello\r\n', '']
  const host = recordSecurely(t)
  const expected: [string, RegExp, number][] = [
    ['ERR_TLS', /: (wrong version number|packet length too long)$/, 10_000],
    ['ECONNRESET', /: the peer ended the connection$/, 10_000],
    ['ETIMEDOUT', /: not completed within 50 ms$/, 50],
  ]
  for (const [code, message, handshakeTimeout] of expected) {
    const outcome = dial(host, port, clientSecurity({}, { handshakeTimeout }))
    await until('a failure', () => outcome.error !== undefined)
    t.equal(outcome.error?.code, code)
    t.match(outcome.error?.message, message)
  }
  const given = dial(host, port, clientSecurity({}, { handshakeTimeout: 50 }))
  given.giveUp()
  t.ok(await rests())
  t.equal(given.error, undefined)
})

await closesAll(t, before)
