import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Endpoint, serve } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'
import { Authority, certificatesMissing } from './tls/certificates.js'

async function refuses(t: Test, address: string | Endpoint, code: string, message: RegExp): Promise<void> {
  const running = serve({}, address)
  running.listening.then(
    server => server.shutdown(),
    () => {},
  )
  await t.rejects(
    running,
    { code, message },
    typeof address === 'string' ? address : JSON.stringify(Object.keys(address.tls ?? {})),
  )
}

const skip = certificatesMissing() ?? false

t.test('what an address says of TLS is checked before anything is bound', { skip }, async t => {
  const authority = new Authority()
  const { certFile, keyFile } = authority.issue('DNS:localhost')
  const other = authority.issue('DNS:localhost')
  const files = `cert=${certFile}&key=${keyFile}`
  const wrong = (query: string, code: string, message: RegExp) =>
    refuses(t, `tls4://127.0.0.1:0?${query}`, code, message)
  await refuses(t, 'tls://127.0.0.1:0', 'ERR_OPTION', /cert and key, or pfx, or choose/)
  await wrong(`cert=${certFile}`, 'ERR_OPTION', /cert requires its private key/)
  await wrong('cert=/no/such/file', 'ERR_TLS', /option cert: cannot read "\/no\/such\/file": ENOENT/)
  await wrong(`${files}&ca=/`, 'ERR_TLS', /option ca: cannot read "\/": EISDIR/)
  await wrong(
    `cert=${keyFile}&key=${keyFile}`,
    'ERR_TLS',
    /option cert: found no PEM of this kind \(no start line\)/,
  )
  await wrong(`cert=${certFile}&key=${certFile}`, 'ERR_TLS', /option key: /)
  await wrong(`cert=${certFile}&key=${other.keyFile}`, 'ERR_TLS', /option cert and key: key values mismatch/)
  await wrong(`${files}&ciphers=none`, 'ERR_TLS', /option ciphers: no cipher match/)
  await wrong(
    `${files}&minVersion=TLSv1`,
    'ERR_OPTION',
    /minVersion: expected TLSv1\.2 or TLSv1\.3; received "TLSv1"/,
  )
  await wrong(`${files}&alpn=h2,`, 'ERR_OPTION', /ALPNProtocols: expected a list of names/)
  await wrong(`${files}&requestCert=yes`, 'ERR_ADDRESS', /requestCert=yes: expected true or false/)
  await wrong(`${files}&handshakeTimeout=0`, 'ERR_ADDRESS', /handshakeTimeout=0: expected a number from 1/)
  await wrong(`${files}&servername=a.test`, 'ERR_OPTION', /unknown option "servername" for TLS/)
  await wrong('cert', 'ERR_ADDRESS', /option cert: missing value/)
  await wrong('cert=%zz', 'ERR_ADDRESS', /option cert=%zz: "%" must begin an escape/)
  await wrong('certs=a', 'ERR_ADDRESS', /unknown option "certs" for tls4/)
  await refuses(t, `tcp4://127.0.0.1:0?${files}`, 'ERR_ADDRESS', /unknown option "cert" for tcp4/)
})

t.test('so is what stands beside it', { skip }, async t => {
  const { cert, key, certFile, keyFile } = new Authority().issue('DNS:localhost')
  const address = 'tls4://127.0.0.1:0'
  const wrong = (tls: object, code: string, message: RegExp) =>
    refuses(t, { address, tls: { cert, key, ...tls } }, code, message)
  await wrong({ cret: 'x' }, 'ERR_OPTION', /unknown option "cret" for TLS/)
  await wrong(
    { secureProtocol: 'TLS_method' },
    'ERR_OPTION',
    /"secureProtocol" for TLS; minVersion and maxVersion/,
  )
  await wrong({ choose: 'x' }, 'ERR_OPTION', /choose: expected a function/)
  await wrong({ requestCert: 1 }, 'ERR_OPTION', /requestCert: expected true or false; received 1/)
  await wrong({ maxHandshakes: 0 }, 'ERR_OPTION', /maxHandshakes: expected a positive integer; received 0/)
  await wrong({ handshakeTimeout: -1 }, 'ERR_OPTION', /handshakeTimeout: expected a positive number/)
  await wrong(
    { ticketKeys: Buffer.alloc(47) },
    'ERR_OPTION',
    /ticketKeys: expected a Buffer of 48 bytes; received "47 bytes"/,
  )
  await wrong({ ALPNProtocols: 'h2' }, 'ERR_OPTION', /ALPNProtocols: expected a list/)
  await wrong({ key: 'no key' }, 'ERR_TLS', /option key: no PEM/)
  await wrong(
    { cert: 'cert.pem' },
    'ERR_TLS',
    /option cert: .*; expected its content, not the name of a file$/,
  )
  await wrong(
    { ca: '/etc/ca.crt' },
    'ERR_TLS',
    /option ca: .*; expected its content, not the name of a file$/,
  )
  await refuses(
    t,
    { address: `${address}?cert=${certFile}`, tls: { cert, key } },
    'ERR_OPTION',
    /cert is both in the address and in tls/,
  )
  await refuses(
    t,
    { address: 'tcp4://127.0.0.1:0', tls: { cert, key } },
    'ERR_OPTION',
    /option tls: only for the schemes tls/,
  )
  await refuses(t, { address, tls: 7 as never }, 'ERR_OPTION', /option tls: expected an object; received 7/)
  const running = serve(
    {},
    { address: `${address}?cert=${encodeURIComponent(certFile)}`, tls: { key } },
    { address: `${address}?key=${keyFile}`, tls: { cert } },
  )
  const server = await running.listening
  t.equal(server.addresses.length, 2, 'either place may say some of it')
  server.shutdown()
  await running
})

t.test('a dial says at once what is wrong with its options', { skip }, async t => {
  const folder = t.testdir({})
  const { server } = simulate({})
  t.throws(() => server.dial('tcp://127.0.0.1:1', { tls: {} }), {
    code: 'ERR_OPTION',
    message: /dial "tcp:.*only for the schemes tls/,
  })
  t.throws(() => server.dial(`tls://127.0.0.1:1?ca=${join(folder, 'none')}`), {
    code: 'ERR_TLS',
    message: /option ca: cannot read/,
  })
  t.throws(() => server.dial('tls://127.0.0.1:1', { tls: { requestCert: true } as never }), {
    code: 'ERR_OPTION',
    message: /unknown option "requestCert"/,
  })
  t.throws(() => server.dial('tls://127.0.0.1:1', { tls: { servername: '' } }), {
    code: 'ERR_OPTION',
    message: /servername: expected a name/,
  })
})
