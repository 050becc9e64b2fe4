import { once } from 'node:events'
import type * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import * as tls from 'node:tls'
import t from 'tap'
import type { Address } from '../../../lib/index.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, connectTo, rests, until } from './harness.js'
import {
  alpn,
  certificates,
  receive,
  recordSecurely,
  SecureRecorder,
  secureClient,
  serverSecurity,
  skip,
} from './tls-harness.js'

const before = openDescriptors()

/** What a client of node:tls fails with. */
async function refused(options: tls.ConnectionOptions, { host, port }: Address): Promise<string> {
  const client = tls.connect({ host, port, servername: 'localhost', ...options })
  client.on('data', () => {})
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException]
  client.destroy()
  return error.code ?? error.message
}

async function failure(host: SecureRecorder, count = 1) {
  await until('a failed handshake', () => host.failed.length >= count)
  const failed = host.failed[count - 1]
  if (failed === undefined) throw new Error('there is none')
  const { error, remote, addressIndex } = failed
  t.equal(addressIndex, 0)
  t.match(error.message, `TLS handshake with ${remote}: `)
  return error
}

await t.test('what is no handshake is told with its reason, and nobody is accepted', { skip }, async t => {
  const host = recordSecurely(t)
  const address = await host.listenSecurely(serverSecurity(certificates().server))
  const tries: [string, string, RegExp][] = [
    ['GET / HTTP/1.1\r\n\r\n', 'ERR_TLS', /: http request$/],
    ['garbage that is no record at all', 'ERR_TLS', /: (wrong version number|packet length too long)$/],
  ]
  for (const [index, [text, code, message]] of tries.entries()) {
    const client = connectTo(address)
    client.write(text)
    client.resume()
    const error = await failure(host, index + 1)
    t.equal(error.code, code)
    t.match(error.message, message)
    await until('its close', () => client.closed)
  }
  t.equal(host.heard.length, 0)
})

await t.test('peers that leave in the midst of it', { skip }, async t => {
  const host = recordSecurely(t)
  const address = await host.listenSecurely(serverSecurity(certificates().server))
  connectTo(address).end()
  const ended = await failure(host)
  t.equal(ended.code, 'ECONNRESET')
  t.match(ended.message, /: the peer ended the connection$/)
  const client = connectTo(address)
  await once(client, 'connect')
  client.write(Buffer.from([22, 3, 1]))
  await sleep(20)
  client.resetAndDestroy()
  await until('a reset', () => host.failed.length === 2)
  t.equal(host.failed[1]?.error.code, 'ECONNRESET')
  t.equal(host.heard.length, 0)
})

await t.test('one who is silent is given up, with those who come later still served', { skip }, async t => {
  const host = recordSecurely(t)
  const address = await host.listenSecurely(serverSecurity(certificates().server, { handshakeTimeout: 100 }))
  const silent = connectTo(address)
  silent.resume()
  await secureClient(t, address, { ca: certificates().ca })
  const error = await failure(host)
  t.equal(error.code, 'ETIMEDOUT')
  t.match(error.message, /: not completed within 100 ms$/)
  await until('its close', () => silent.closed)
  t.equal(host.heard.length, 1)
  t.ok(await rests())
})

await t.test('at maxHandshakes nobody is accepted, until one is done or given up', { skip }, async t => {
  const host = recordSecurely(t)
  const address = await host.listenSecurely(serverSecurity(certificates().server, { maxHandshakes: 2 }))
  const silent = [connectTo(address), connectTo(address)]
  await Promise.all(silent.map(client => once(client, 'connect')))
  await sleep(20)
  const waits = tls.connect({
    host: address.host,
    port: address.port,
    ca: certificates().ca,
    servername: 'localhost',
  })
  await sleep(50)
  t.equal(host.heard.length, 0)
  t.ok(await rests())
  silent[0]?.destroy()
  await once(waits, 'secureConnect')
  for (let round = 0; round < 5; round++) await secureClient(t, address, { ca: certificates().ca })
  await until('all six', () => host.heard.length === 6)
  silent[1]?.destroy()
  waits.destroy()
})

await t.test('200 at once', { skip }, async t => {
  const host = recordSecurely(t)
  host.echo()
  const address = await host.listenSecurely(serverSecurity(certificates().server))
  const clients = Array.from({ length: 200 }, () =>
    tls.connect({ host: address.host, port: address.port, ca: certificates().ca, servername: 'localhost' }),
  )
  const answers = clients.map(async (client, index) => {
    const text = `${'x'.repeat(index)};`
    client.write(text)
    t.equal(String(await receive(client, text.length)), text)
    client.destroy()
  })
  await Promise.all(answers)
})

for (const way of ['at once', 'later'] as const) {
  await t.test(`a certificate for the name that is asked for, chosen ${way}`, { skip }, async t => {
    const { server, other, ca } = certificates()
    const names: string[] = []
    const choose = (name: string) => {
      names.push(name)
      const chosen = name === 'other.example' ? other : undefined
      return way === 'later' ? sleep(20).then(() => chosen) : chosen
    }
    const host = recordSecurely(t)
    host.echo()
    const security = serverSecurity(server, { choose, alpn: alpn('one', 'two') })
    const address = await host.listenSecurely(security)
    for (const servername of ['other.example', 'localhost', 'other.example']) {
      const client = await secureClient(t, address, { ca, servername, ALPNProtocols: ['two'] })
      t.equal(client.getPeerCertificate().subject.CN, servername)
      t.equal(client.alpnProtocol, 'two')
      client.write('hello')
      t.equal(String(await receive(client, 5)), 'hello')
      t.match(host.heard.at(-1)?.link.tls, { servername, alpn: 'two' })
    }
    const nameless = tls.connect({
      host: address.host,
      port: address.port,
      ca,
      checkServerIdentity: () => undefined,
    })
    await once(nameless, 'secureConnect')
    nameless.destroy()
    t.strictSame(names, ['other.example', 'localhost', 'other.example', ''])
  })
}

await t.test('a client that leaves while a certificate is chosen', { skip }, async t => {
  const host = recordSecurely(t)
  let answer = (_: undefined) => {}
  const choose = () => new Promise<undefined>(resolve => (answer = resolve))
  const address = await host.listenSecurely(serverSecurity(certificates().server, { choose }))
  for (const leave of ['destroy', 'resetAndDestroy'] as const) {
    const failed = host.failed.length
    const socket = connectTo(address)
    const client = tls.connect({ socket, ca: certificates().ca, servername: 'localhost' })
    client.on('error', () => {})
    let asked = false
    const resolved = answer
    await until('the question', () => {
      asked ||= answer !== resolved
      return asked
    })
    socket[leave]()
    await sleep(50)
    answer(undefined)
    await until('the end', () => host.failed.length > failed)
    t.equal(host.failed.at(-1)?.error.code, 'ECONNRESET')
  }
  t.equal(host.heard.length, 0)
  t.ok(await rests())
})

await t.test('a choice that throws or rejects ends the handshake with its error', { skip }, async t => {
  const host = recordSecurely(t)
  const choose = (name: string) => {
    if (name === 'localhost') throw new Error('no such name')
    return Promise.reject(new Error('no such name either'))
  }
  const address = await host.listenSecurely(serverSecurity(certificates().server, { choose }))
  t.match(await refused({ ca: certificates().ca }, address), /UNRECOGNIZED_NAME/)
  t.equal(host.failed[0]?.error.message, `TLS handshake with ${host.failed[0]?.remote}: no such name`)
  t.match(await refused({ ca: certificates().ca, servername: 'other.example' }, address), /UNRECOGNIZED_NAME/)
  t.equal(host.failed[1]?.error.message, `TLS handshake with ${host.failed[1]?.remote}: no such name either`)
})

await t.test('ALPN: the first of ours that they offer, or none, or no connection', { skip }, async t => {
  const host = recordSecurely(t)
  const address = await host.listenSecurely(
    serverSecurity(certificates().server, { alpn: alpn('h2', 'http/1.1') }),
  )
  const offers: [string[] | undefined, string | false][] = [
    [['http/1.1', 'h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [undefined, false],
  ]
  for (const [index, [ALPNProtocols, agreed]] of offers.entries()) {
    const client = await secureClient(t, address, {
      ca: certificates().ca,
      ...(ALPNProtocols && { ALPNProtocols }),
    })
    t.equal(client.alpnProtocol, agreed)
    await until('it', () => host.heard.length > index)
    t.equal(host.heard[index]?.link.tls?.alpn, agreed || '')
  }
  t.match(
    await refused({ ca: certificates().ca, ALPNProtocols: ['spdy'] }, address),
    /NO_APPLICATION_PROTOCOL/,
  )
  const error = await failure(host)
  t.match(error.message, /: no application protocol$/)
})

await t.test('client certificates: trusted ones, and no others', { skip }, async t => {
  const { server, client: identity, stranger, ca } = certificates()
  const host = recordSecurely(t)
  const address = await host.listenSecurely(serverSecurity({ ...server, ca }, { requestCert: true }))
  await secureClient(t, address, { ca, ...identity })
  await until('it', () => host.heard.length === 1)
  const info = host.heard[0]?.link.tls
  t.match(info, { authorized: true, authorizationError: undefined })
  t.match(info?.peerCertificate?.subject, /The client/)
  await refused({ ca }, address)
  t.match((await failure(host)).message, /: peer did not return a certificate$/)
  await refused({ ca, ...stranger }, address)
  const error = await failure(host, 2)
  t.match(error.message, /: certificate verify failed: self-signed certificate$/)
  t.equal((error.cause as NodeJS.ErrnoException).code, 'DEPTH_ZERO_SELF_SIGNED_CERT')
})

await t.test('rejectUnauthorized false takes any client, and says what is wrong', { skip }, async t => {
  const { server, client: identity, stranger, ca } = certificates()
  const host = recordSecurely(t)
  const options = { requestCert: true, rejectUnauthorized: false }
  const address = await host.listenSecurely(serverSecurity({ ...server, ca }, options))
  const expected: [Partial<tls.ConnectionOptions>, string | undefined][] = [
    [identity, undefined],
    [{}, undefined],
    [stranger, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ]
  for (const [index, [shown, authorizationError]] of expected.entries()) {
    await secureClient(t, address, { ca, ...shown })
    await until('it', () => host.heard.length > index)
    const info = host.heard[index]?.link.tls
    t.match(info, { authorized: index === 0, authorizationError })
  }
})

await t.test(
  'sessions are resumed, and across a new certificate with the same ticket keys',
  { skip },
  async t => {
    const host = recordSecurely(t)
    const { server, stranger, ca } = certificates()
    const security = serverSecurity(server)
    const address = await host.listenSecurely(security)
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const first = tls.connect({
        host: address.host,
        port: address.port,
        ca,
        servername: 'localhost',
        maxVersion,
      })
      const [session] = (await once(first, 'session')) as [Buffer]
      await until('it', () => host.heard.length > 0)
      const again = await secureClient(t, address, { ca, session, maxVersion })
      t.ok(again.isSessionReused())
      await until('it', () => host.heard.at(-1)?.link.tls?.reused === true)
      const { ticketKeys } = security.context
      host.transport.resecure(0, serverSecurity({ ...stranger, ...(ticketKeys && { ticketKeys }) }))
      const later = await secureClient(t, address, {
        ca,
        session,
        maxVersion,
        checkServerIdentity: () => undefined,
      })
      t.ok(later.isSessionReused(), `${maxVersion}, with another certificate`)
      t.equal(await refused({ ca, maxVersion }, address), 'DEPTH_ZERO_SELF_SIGNED_CERT')
      host.transport.resecure(0, security)
      first.destroy()
    }
  },
)

await t.test('TLS 1.1 is refused', { skip }, async t => {
  const host = recordSecurely(t)
  const address = await host.listenSecurely(serverSecurity(certificates().server))
  const old = {
    ca: certificates().ca,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT:@SECLEVEL=0',
  } as const
  t.match(await refused(old, address), /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/)
  t.match((await failure(host)).message, /: unsupported protocol$/)
})

await t.test('a transport that closes takes handshakes along', { skip }, async t => {
  const host = new SecureRecorder()
  const address = await host.listenSecurely(serverSecurity(certificates().server))
  const client: net.Socket = connectTo(address)
  await once(client, 'connect')
  await sleep(20)
  client.resume()
  host.transport.close()
  await until('its close', () => client.closed)
  t.equal(host.failed.length, 0)
})

await closesAll(t, before)
