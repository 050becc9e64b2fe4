import { Buffer } from 'node:buffer'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import type * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import * as tls from 'node:tls'
import t, { type Test } from 'tap'
import type { Address } from '../../../lib/index.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, connectTo, rests, until } from './harness.js'
import {
  certificates,
  recordSecurely,
  type SecureRecorder,
  secureClient,
  serverSecurity,
  skip,
} from './tls-harness.js'
import { recordClient, socketPair } from './tls-records.js'

const before = openDescriptors()

async function listening(
  t: Test,
  options: tls.SecureContextOptions = {},
): Promise<[SecureRecorder, Address]> {
  const host = recordSecurely(t)
  host.echo()
  return [host, await host.listenSecurely(serverSecurity({ ...certificates().server, ...options }))]
}

/** What a client says first. */
async function clientHello(t: Test): Promise<Buffer> {
  const [near, far] = await socketPair(t)
  const client = tls.connect({ socket: near, servername: 'localhost' })
  client.on('error', () => {})
  const [bytes] = (await once(far, 'data')) as [Buffer]
  client.destroy()
  return bytes
}

/** Still serves, and rests. */
async function lives(t: Test, address: Address): Promise<void> {
  const client = await secureClient(t, address, { ca: certificates().ca })
  client.write('alive')
  const [bytes] = (await once(client, 'data')) as [Buffer]
  t.equal(String(bytes), 'alive')
  client.destroy()
  t.ok(await rests())
}

for (const leave of ['end', 'resetAndDestroy'] as const) {
  await t.test(`a client that leaves at any byte of its hello (${leave})`, { skip }, async t => {
    const [host, address] = await listening(t)
    const hello = await clientHello(t)
    let tries = 0
    for (let cut = 0; cut < hello.length; cut += cut < 16 ? 1 : 13) {
      const client = connectTo(address)
      client.resume()
      await once(client, 'connect')
      client.write(hello.subarray(0, cut))
      client[leave]()
      tries++
    }
    await until('all of them', () => host.failed.length === tries)
    t.ok(host.failed.every(({ error }) => error.code === 'ECONNRESET'))
    t.equal(host.heard.length, 0)
    await lives(t, address)
  })
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  await t.test(
    `${maxVersion}: a client that sends close_notify in its handshake has left`,
    { skip },
    async t => {
      const [host, address] = await listening(t, { maxVersion })
      const client = connectTo(address)
      t.teardown(() => client.destroy())
      client.write(await clientHello(t))
      await once(client, 'data')
      client.resume()
      client.write(Buffer.of(21, 3, 3, 0, 2, 1, 0))
      await once(client, 'end')
      t.match(host.failed, [{ error: { code: 'ECONNRESET' } }])
      t.equal(host.heard.length, 0)
      await lives(t, address)
    },
  )
}

await t.test('any byte of the hello may be another one', { skip }, async t => {
  const [host, address] = await listening(t)
  const hello = await clientHello(t)
  let tries = 0
  for (let at = 0; at < hello.length; at += at < 80 ? 1 : 7) {
    const bytes = Buffer.from(hello)
    bytes[at] = (bytes[at] ?? 0) ^ 0xff
    const client = connectTo(address)
    client.resume()
    client.end(bytes)
    tries++
  }
  await until('all of them', () => host.failed.length === tries)
  t.equal(host.heard.length, 0)
  await lives(t, address)
})

await t.test('a handshake that comes byte by byte', { skip }, async t => {
  const [host, address] = await listening(t)
  const [near, far] = await socketPair(t)
  const socket = connectTo(address)
  socket.pipe(far)
  const bytes: number[] = []
  far.on('data', chunk => bytes.push(...chunk))
  const client = tls.connect({ socket: near, ca: certificates().ca, servername: 'localhost' })
  client.write('slow')
  let heard = ''
  client.on('data', chunk => (heard += chunk))
  while (heard !== 'slow') {
    const next = bytes.shift()
    if (next === undefined) await sleep(1)
    else if (!socket.write(Buffer.of(next)) || bytes.length % 4 === 0) await new Promise(setImmediate)
  }
  t.equal(host.heard[0]?.text, 'slow')
  client.destroy()
  socket.destroy()
})

await t.test(
  'key updates are answered, and more of them than a peer takes answers stop the reading',
  { skip },
  async t => {
    const [host, address] = await listening(t)
    const client = await recordClient(t, address, certificates().ca)
    client.socket.write(Buffer.concat([client.data('one;'), client.keyUpdate(true), client.data('two;')]))
    client.socket.write(Buffer.concat([client.keyUpdate(false), client.data('three')]))
    await until('input', () => host.heard.at(-1)?.text === 'one;two;three')
    client.socket.pause()
    const heard = host.heard.at(-1)
    while (heard?.outbox.empty) {
      client.socket.write(client.data('x'.repeat(16_000)))
      await new Promise(setImmediate)
    }
    await until('all of it to have been read', () => client.socket.writableLength === 0)
    const before = process.memoryUsage().rss
    const updates: Buffer[] = []
    for (let index = 0; index < 40_000; index++) updates.push(client.keyUpdate(true))
    client.socket.write(Buffer.concat(updates))
    client.socket.write(client.data(';four'))
    t.ok(await rests())
    t.notMatch(heard?.inputs.at(-1), /four/, 'it waits behind the answers')
    t.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024)
    client.socket.resume()
    await until('the rest', () => String(heard?.inputs.at(-1)).endsWith(';four'))
    t.strictSame(heard?.errors, [])
    client.socket.destroy()
    await lives(t, address)
  },
)

await t.test('records of one byte, empty ones, and a record in pieces', { skip }, async t => {
  const [host, address] = await listening(t)
  const client = await recordClient(t, address, certificates().ca)
  const text = 'x'.repeat(1000)
  client.socket.write(Buffer.concat([...text].map(letter => client.data(letter))))
  await until('input', () => host.heard[0]?.text === text)
  client.socket.write(Buffer.concat(Array.from({ length: 20 }, () => client.data(''))))
  const last = client.data('last')
  for (const byte of last) {
    client.socket.write(Buffer.of(byte))
    await sleep(1)
  }
  await until('input', () => host.heard[0]?.text === `${text}last`)
  t.strictSame(host.heard[0]?.errors, [])
  client.socket.destroy()
})

await t.test('behind close_notify nothing counts', { skip }, async t => {
  const [host, address] = await listening(t)
  const client = await recordClient(t, address, certificates().ca)
  client.socket.write(Buffer.concat([client.data('all'), client.closeNotify(), client.data('more')]))
  await until('the end', () => host.heard[0]?.ends === 1)
  client.socket.write(client.data('and more'))
  await sleep(20)
  t.equal(host.heard[0]?.text, 'all')
  t.strictSame(host.heard[0]?.errors, [])
  t.ok(await rests())
  client.socket.destroy()
  host.heard[0]?.link.close({ reset: false })
})

await t.test(
  'a record that was changed breaks the connection, behind what came before',
  { skip },
  async t => {
    const [host, address] = await listening(t)
    const client = await recordClient(t, address, certificates().ca)
    const changed = client.data('changed')
    changed[7] = (changed[7] ?? 0) ^ 1
    const good = await recordClient(t, address, certificates().ca)
    client.socket.write(changed)
    await until('the failure', () => host.heard[0]?.errors.length === 1)
    t.match(host.heard[0]?.errors[0], {
      code: 'ERR_TLS',
      message: /^TLS with tcp4:.*: (bad record mac|decryption failed)/,
    })
    t.equal(host.heard[0]?.text, '')
    const cut = good.data('whole')
    good.socket.write(Buffer.concat([cut, Buffer.from('no record at all')]))
    await until('the failure', () => host.heard[1]?.errors.length === 1)
    t.equal(host.heard[1]?.text, 'whole')
    for (const { link } of host.heard) link.close({ reset: false })
    await until('their closes', () => client.socket.closed && good.socket.closed)
    await lives(t, address)
  },
)

await t.test('renegotiation is refused, and the connection goes on', { skip }, async t => {
  const [host, address] = await listening(t, { maxVersion: 'TLSv1.2' })
  const args = ['s_client', '-connect', `${address.host}:${address.port}`, '-tls1_2']
  const client = execFile('openssl', args)
  t.teardown(() => client.kill('SIGKILL'))
  let output = ''
  for (const stream of [client.stdout, client.stderr]) stream?.on('data', text => (output += text))
  await until('a connection', () => host.heard.length === 1)
  await until('its prompt', () => output.includes('---\n'))
  client.stdin?.write('R\n')
  await until('the refusal', () => /no renegotiation|RENEGOTIATING/.test(output))
  await sleep(50)
  t.equal(host.heard.length, 1)
  t.equal(host.heard[0]?.text, '')
  client.kill('SIGKILL')
  await until('its end', () => (host.heard[0]?.ends ?? 0) + (host.heard[0]?.errors.length ?? 0) === 1)
  host.heard[0]?.link.close({ reset: false })
  await lives(t, address)
})

await t.test('a certificate that changes under load drops nobody', { skip }, async t => {
  const { server, stranger, ca } = certificates()
  const [host, address] = await listening(t)
  const both = [ca, stranger.cert]
  const checkServerIdentity = () => undefined
  let stop = false
  const issuers: string[] = []
  const work = Array.from({ length: 8 }, async () => {
    while (!stop) {
      const client = await secureClient(t, address, { ca: both, checkServerIdentity })
      issuers.push(String(client.getPeerCertificate().issuer.CN))
      client.write('hello')
      await once(client, 'data')
      client.destroy()
    }
  })
  for (let round = 0; round < 10; round++) {
    host.transport.resecure(0, serverSecurity(round % 2 === 0 ? stranger : server))
    const enough = issuers.length + 20
    await until('clients', () => issuers.length > enough)
  }
  stop = true
  await Promise.all(work)
  t.strictSame([...new Set(issuers)].sort(), ['The CA', 'localhost'])
  t.equal(host.failed.length, 0)
})

await t.test('what a peer leaves when it is reset is read, in both states', { skip }, async t => {
  const [host, address] = await listening(t)
  const client = await recordClient(t, address, certificates().ca)
  await until('it', () => host.heard.length === 1)
  host.heard[0]?.link.read(false)
  client.socket.write(client.data('last words'))
  await sleep(20)
  client.socket.resetAndDestroy()
  await until('the failure', () => host.heard[0]?.errors.length === 1)
  t.match(host.heard[0]?.errors[0], { code: 'ECONNRESET' })
  host.heard[0]?.link.close({ reset: false })
  const other: net.Socket = connectTo(address)
  await once(other, 'connect')
  other.destroy()
  await until('it', () => host.failed.length === 1)
})

await closesAll(t, before)
