import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import * as tls from 'node:tls'
import t, { type Test } from 'tap'
import { Action, type Events, type Server, type TlsClientOptions, type TlsInfo } from '../../../lib/index.js'
import { TlsClients } from '../../../lib/transport/tls-clients.js'
import { Authority } from './certificates.js'
import { onTls, promised } from './on-tls.js'

/** A server of node:tls that greets, and what it has seen: whether each connection resumed a session. */
async function greeter(t: Test, options: tls.TlsOptions, port = 0) {
  const resumed: boolean[] = []
  const server = tls.createServer(options, socket => {
    resumed.push(socket.isSessionReused())
    socket.on('error', () => {})
    socket.end('hello')
  })
  server.on('tlsClientError', () => {})
  await once(server.listen(port, '127.0.0.1'), 'listening')
  const close = async () => {
    if (server.listening) await once(server.close(), 'close')
  }
  t.teardown(close)
  return { port: (server.address() as AddressInfo).port, resumed, close }
}

/** Dials and hears the greeting: what was agreed on, or why nothing was. */
function visit(server: Server, address: string, options: TlsClientOptions) {
  const { promise, resolve } = promised<{ tls: TlsInfo | undefined; error: Error | undefined }>()
  let tls: TlsInfo | undefined
  const events: Events = {
    opened(_id, info) {
      tls = info.tls
    },
    data: () => [null, Action.Close],
    closed: (_id, error) => resolve({ tls, error }),
  }
  server.dial(address, { events, tls: options })
  return promise
}

const wrongName = { servername: 'elsewhere.example' }

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  await onTls(t, `${maxVersion}: dials resume the session of their server`, async (t, ground) => {
    const { authority, tls: own, scheme } = ground
    const first = await greeter(t, { ...own, maxVersion })
    const second = await greeter(t, { ...own, maxVersion })
    const server = await ground.serve({})
    const address = `${scheme}://127.0.0.1:${first.port}`
    // Each time made anew: it is what they hold that counts.
    const options = (): TlsClientOptions => ({ ca: authority.cert, ALPNProtocols: ['a'] })
    const whole = await visit(server, address, options())
    t.match(whole.tls, { protocol: maxVersion, reused: false, authorized: true })
    for (let again = 0; again < 3; again++) {
      const { tls } = await visit(server, address, options())
      t.match(tls, { protocol: maxVersion, reused: true, authorized: true, authorizationError: undefined })
      t.match(tls?.peerCertificate?.subject, 'CN=localhost')
    }
    t.strictSame(first.resumed, [false, true, true, true])
    t.equal(server.stats().resumed, 3)

    await visit(server, `${scheme}://127.0.0.1:${second.port}`, options())
    t.strictSame(second.resumed, [false], 'another server')
    await visit(server, address, options())
    t.equal(first.resumed.at(-1), true, 'the first again')
  })

  await onTls(t, `${maxVersion}: no session is resumed by other options`, async (t, ground) => {
    const { authority, tls: own, scheme } = ground
    const { port, resumed } = await greeter(t, { ...own, maxVersion })
    const server = await ground.serve({})
    const address = `${scheme}://127.0.0.1:${port}`
    const { cert: ca } = authority
    const client = authority.issue('DNS:client')
    const others: TlsClientOptions[] = [
      { ca },
      { ca, servername: 'localhost' },
      { ca, ALPNProtocols: ['a'] },
      { ca, rejectUnauthorized: false },
      { ca: [ca, new Authority('another').cert] },
      { ca, cert: client.cert, key: client.key },
      { ca, allowTruncation: true },
      { ca, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256' },
    ]
    for (const options of others) t.equal((await visit(server, address, options)).tls?.reused, false)
    t.strictSame(resumed, Array(others.length).fill(false))
    for (const options of others) t.equal((await visit(server, address, options)).tls?.reused, true)
  })

  await onTls(t, `${maxVersion}: whom to trust is looked at again`, async (t, ground) => {
    const { authority, tls: own, scheme } = ground
    const { port } = await greeter(t, { ...own, maxVersion })
    const server = await ground.serve({})
    const address = `${scheme}://127.0.0.1:${port}`
    const { cert: ca } = authority
    for (const reused of [false, true]) {
      const named = await visit(server, address, { ca, ...wrongName, rejectUnauthorized: false })
      t.match(named.tls, { reused, authorized: false, authorizationError: 'ERR_TLS_CERT_ALTNAME_INVALID' })
      const unknown = await visit(server, address, { rejectUnauthorized: false })
      t.match(unknown.tls, {
        reused,
        authorized: false,
        authorizationError: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      })
    }
    for (let time = 0; time < 2; time++) {
      t.match(await visit(server, address, { ca, ...wrongName }), {
        tls: undefined,
        error: { code: 'ERR_TLS', cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } },
      })
      t.match(await visit(server, address, {}), {
        error: { code: 'ERR_TLS', cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } },
      })
    }
  })

  await onTls(t, `${maxVersion}: a server that knows its sessions no more`, async (t, ground) => {
    const { authority, tls: own, scheme } = ground
    const options = { ca: authority.cert }
    const before = await greeter(t, { ...own, maxVersion })
    const { port } = before
    const address = `${scheme}://127.0.0.1:${port}`
    const server = await ground.serve({})
    await visit(server, address, options)
    await before.close()
    const after = await greeter(t, { ...own, maxVersion }, port)
    t.equal((await visit(server, address, options)).tls?.reused, false)
    t.equal((await visit(server, address, options)).tls?.reused, true)
    await after.close()
    const stranger = new Authority('stranger').issue('IP:127.0.0.1')
    await greeter(t, { cert: stranger.cert, key: stranger.key, maxVersion }, port)
    t.match(await visit(server, address, options), { tls: undefined, error: { code: 'ERR_TLS' } })
  })
}

await onTls(t, 'many at once, in one loop', async (t, ground) => {
  const { port, resumed } = await greeter(t, ground.tls)
  const server = await ground.serve({})
  const options = { ca: ground.authority.cert }
  const address = `${ground.scheme}://127.0.0.1:${port}`
  await visit(server, address, options)
  const visits = Array.from({ length: 50 }, () => visit(server, address, options))
  for (const { error, tls } of await Promise.all(visits)) {
    t.equal(error, undefined)
    t.equal(tls?.reused, true)
  }
  t.equal(resumed.filter(Boolean).length, 50)
})

await t.test('what is known of servers is bounded', async t => {
  const clients = new TlsClients()
  const to = (host: string, tls: TlsClientOptions = {}) => clients.of(tls, 'test', { host, port: 443 })
  const first = to('first.test')
  t.equal(to('first.test').sessions, first.sessions)
  t.equal(to('other.test').context, first.context, 'the same options share a context')
  t.not(to('other.test').sessions, first.sessions)
  t.not(to('first.test', { minVersion: 'TLSv1.3' }).context, first.context)
  for (let host = 0; host < 100; host++) to(`host${host}.test`)
  t.not(to('first.test').sessions, first.sessions)
  t.equal(to('first.test').context, first.context)
})

await t.test('options with contents that nobody knows share nothing', async t => {
  const clients = new TlsClients()
  const ca = Uint8Array.from(Buffer.from(new Authority().cert))
  const to = (tls: TlsClientOptions) => clients.of(tls, 'test', { host: 'a.test', port: 443 })
  const first = to({ ca: new DataView(ca.buffer) as never })
  t.equal(first.sessions, undefined)
  t.not(to({ ca: new DataView(ca.buffer) as never }).context, first.context)
  t.equal(to({ ca: Buffer.from(ca) }).context, to({ ca: Buffer.from(ca) }).context)
})

const { setDefaultCACertificates } = tls as {
  setDefaultCACertificates?: (certificates: readonly string[]) => void
}
await t.test(
  'other authorities that Node trusts',
  { skip: setDefaultCACertificates === undefined && 'Node 22.19 has setDefaultCACertificates' },
  async t => {
    const clients = new TlsClients()
    const to = (tls: TlsClientOptions) => clients.of(tls, 'test', { host: 'a.test', port: 443 })
    const { context, sessions } = to({})
    t.equal(to({}).sessions, sessions)
    setDefaultCACertificates?.([new Authority('new').cert])
    t.not(to({}).context, context)
    t.not(to({}).sessions, sessions)
  },
)
