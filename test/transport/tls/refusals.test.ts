import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import * as tls from 'node:tls'
import t from 'tap'
import type { Events, Server } from '../../../lib/index.js'
import { until } from '../until.js'
import { Authority } from './certificates.js'
import { onTls, portOf, promised } from './on-tls.js'

/** A client that says hello, and whether it was answered before it was over. */
async function answered(server: Server, options: tls.ConnectionOptions): Promise<boolean> {
  const socket = tls.connect({ port: portOf(server), host: '127.0.0.1', servername: 'localhost', ...options })
  let heard = ''
  socket.on('error', () => {})
  socket.on('data', bytes => {
    heard += bytes
    if (heard === 'hello') socket.end()
  })
  socket.write('hello')
  await new Promise(resolve => socket.once('close', resolve))
  return heard === 'hello'
}

function sClient(server: Server, ...options: string[]): ChildProcessWithoutNullStreams {
  const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${portOf(server)}`, ...options])
  client.stdin.on('error', () => {})
  return client
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  await onTls(t, `${version}: clients whose certificates count no more, or not yet`, async (t, ground) => {
    const { authority, tls: own } = ground
    const { cert: ca } = authority
    const friend = authority.issue('DNS:friend.test')
    const other = authority.issue('DNS:revoked.test')
    const crl = authority.revoke(other.cert)
    const stranger = new Authority('itself')
    const clients: [string, { readonly cert: string; readonly key: string }][] = [
      ['CERT_REVOKED', other],
      ['CERT_HAS_EXPIRED', authority.issueBetween('20200101000000Z', '20210101000000Z', 'late.test')],
      ['CERT_NOT_YET_VALID', authority.issueBetween('20470101000000Z', '20480101000000Z', 'early.test')],
      ['UNABLE_TO_GET_CRL', stranger],
    ]
    const failures: NodeJS.ErrnoException[] = []
    const seen: (string | undefined)[] = []
    const events: Events = {
      opened: (_id, info) => void seen.push(info.tls?.authorizationError),
      data: (_id, input) => [input],
      tlsFailed: error => void failures.push(error),
    }
    const options = { ...own, ca, crl, requestCert: true, maxVersion: version }
    const strict = await ground.serve(events, options)
    t.equal(await answered(strict, { ca, cert: friend.cert, key: friend.key }), true)
    t.strictSame(seen, [undefined])
    for (const [code, { cert, key }] of clients) {
      t.equal(await answered(strict, { ca, cert, key }), false, code)
      await until('it is told of', () => failures.length > 0)
      t.match(failures.pop(), { code: 'ERR_TLS', cause: { code } })
    }
    t.equal(seen.length, 1)
    const lax = await ground.serve(events, { ...options, rejectUnauthorized: false })
    for (const [code, { cert, key }] of clients) {
      t.equal(await answered(lax, { ca, cert, key }), true)
      t.equal(seen.pop(), code)
    }
  })

  await onTls(
    t,
    `${version}: a fatal alert of the peer is told in its words, and with whom`,
    async (t, ground) => {
      const { authority, tls: own, scheme } = ground
      const { cert: ca } = authority
      const failures: [NodeJS.ErrnoException, string][] = []
      const tlsFailed = (error: Error, remote: { toString(): string }) =>
        void failures.push([error, remote.toString()])
      const server = await ground.serve({ tlsFailed }, { ...own, maxVersion: version })
      // Node's clients look at a certificate behind the handshake, and only go.
      const client = sClient(server, '-verify_return_error', '-CAfile', new Authority('another').certFile)
      await until('it is told of', () => failures.length > 0)
      client.kill()
      const [failure, remote] = failures[0] ?? []
      t.match(failure, { code: 'ERR_TLS', message: /^TLS handshake with tcp4:.*: .*alert unknown ca$/ })
      t.match(failure?.message, String(remote).replace('tls4', 'tcp4'))

      // A client learns from TLS 1.3 only after its handshake that it was to have a certificate.
      const demanding = tls.createServer({ ...own, ca, requestCert: true, maxVersion: version })
      demanding.on('tlsClientError', () => {})
      await once(demanding.listen(0, '127.0.0.1'), 'listening')
      t.teardown(() => demanding.close())
      const { port } = demanding.address() as AddressInfo
      const { promise, resolve } = promised<Error | undefined>()
      server.dial(`${scheme}://127.0.0.1:${port}`, {
        tls: { ca },
        events: { opened: () => ['hello'], closed: (_id, error) => resolve(error) },
      })
      const error = await promise
      t.match(error, { code: 'ERR_TLS', message: /^TLS (handshake )?with .*: .*alert/ })
      t.match(error?.message, `tcp4://127.0.0.1:${port}`)
    },
  )
}

await onTls(t, 'a certificate that cannot be used, given under load, breaks nothing', async (t, ground) => {
  const { authority, tls: own } = ground
  const failures: Error[] = []
  const server = await ground.serve({
    data: (_id, input) => [input],
    tlsFailed: error => void failures.push(error),
  })
  const stranger = new Authority('another')
  const unusable: [object, string][] = [
    [{ cert: 'no PEM', key: own.key }, 'ERR_TLS'],
    [{ cert: own.cert, key: own.key.slice(0, 60) }, 'ERR_TLS'],
    [{ cert: own.cert, key: stranger.key }, 'ERR_TLS'],
    [
      { cert: own.cert, key: own.key, ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      'ERR_TLS',
    ],
    [{ ...own, ciphers: 'none' }, 'ERR_TLS'],
    [{ ...own, crl: 'no list' }, 'ERR_TLS'],
    [{ ...own, ticketKeys: Buffer.alloc(5) }, 'ERR_OPTION'],
    [{ ...own, unknown: true }, 'ERR_OPTION'],
  ]
  const clients = Array.from({ length: 40 }, () => answered(server, { ca: authority.cert }))
  for (const [options, code] of unusable) {
    t.throws(() => server.setSecureContext(0, options), { code })
    await new Promise(setImmediate)
  }
  t.strictSame(await Promise.all(clients), Array(40).fill(true))
  t.strictSame(failures, [])
  t.equal(await answered(server, { ca: authority.cert }), true)
})

await onTls(t, 'a client that changes its keys over and over, and has ours changed', async (_t, ground) => {
  const server = await ground.serve({ data: (_id, input) => [String(input).toUpperCase()] })
  const client = sClient(server, '-tls1_3')
  let heard = ''
  client.stdout.on('data', bytes => {
    heard += bytes
  })
  let said = ''
  client.stderr.on('data', bytes => {
    said += bytes
  })
  await until('its handshake', () => heard.includes('Verify return code'))
  // It takes one letter at a time: K has ours changed as well, k only its own.
  for (let times = 1; times <= 40; times++) {
    client.stdin.write(times % 2 === 0 ? 'K\n' : 'k\n')
    await until('the change', () => said.split('KEYUPDATE').length > times)
  }
  client.stdin.write('still here\n')
  await until('the answer', () => heard.includes('STILL HERE'))
  client.kill()
  await until('its end', () => server.stats().connections === 0)
})
