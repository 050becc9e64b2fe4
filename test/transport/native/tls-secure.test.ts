import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import * as net from 'node:net'
import * as tls from 'node:tls'
import t, { type Test } from 'tap'
import { parseAddress } from '../../../lib/address.js'
import { nobody } from '../../../lib/transport/transport.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, type Heard, until } from './harness.js'
import {
  certificates,
  clientSecurity,
  receive,
  recordSecurely,
  type SecureRecorder,
  secureClient,
  serverSecurity,
  skip,
} from './tls-harness.js'

const before = openDescriptors()

async function plain(t: Test) {
  const host = recordSecurely(t)
  const { client, heard } = await host.connect(await host.listen())
  t.teardown(() => client.destroy())
  return { host, client, heard }
}

function echoes(host: SecureRecorder, heard: Heard): void {
  heard.onInput = bytes => void host.write(heard, bytes)
}

/** All that a client of TLS would send first, in one piece. */
async function hello(
  t: Test,
  options: tls.ConnectionOptions,
): Promise<{ bytes: Buffer; goOn: (socket: net.Socket) => tls.TLSSocket }> {
  const [near, far] = await pair(t)
  const client = tls.connect({ socket: near, servername: 'localhost', ...options })
  const [bytes] = (await once(far, 'data')) as [Buffer]
  return {
    bytes,
    goOn(socket) {
      far.on('data', more => socket.write(more))
      socket.on('data', more => far.write(more))
      return client
    },
  }
}

async function pair(t: Test): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const near = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  const [far] = (await once(server, 'connection')) as [net.Socket]
  server.close()
  t.teardown(() => {
    near.destroy()
    far.destroy()
  })
  return [near, far]
}

await t.test('an open connection becomes a server of TLS, behind its output', { skip }, async t => {
  const { server, ca } = certificates()
  const { host, client, heard } = await plain(t)
  client.write('STARTTLS')
  await until('the wish', () => heard.text === 'STARTTLS')
  host.write(heard, Buffer.from('go on'))
  heard.link.secure?.(serverSecurity(server), [])
  t.equal(host.write(heard, Buffer.from('early')), 0, 'nothing is taken before the handshake is done')
  t.equal(String(await receive(client, 5)), 'go on')
  const secure = tls.connect({ socket: client, ca, servername: 'localhost' })
  await until('TLS', () => heard.secures === 1)
  await until('to be told that more goes', () => heard.writables === 1)
  heard.outbox.clear()
  t.match(heard.link.tls, { protocol: 'TLSv1.3', servername: 'localhost' })
  echoes(host, heard)
  secure.write('hello')
  t.equal(String(await receive(secure, 5)), 'hello')
  t.equal(heard.text, 'STARTTLShello')
  heard.link.close({ reset: false })
})

await t.test("what was read and not delivered is the handshake's", { skip }, async t => {
  const { server, ca } = certificates()
  const { host, client, heard } = await plain(t)
  const { bytes, goOn } = await hello(t, { ca })
  const cut = bytes.length >> 1
  heard.link.secure?.(serverSecurity(server), [bytes.subarray(0, 1), bytes.subarray(1, cut)])
  client.write(bytes.subarray(cut))
  const secure = goOn(client)
  await once(secure, 'secureConnect')
  echoes(host, heard)
  secure.write('hello')
  t.equal(String(await receive(secure, 5)), 'hello')
  t.equal(heard.text, 'hello')
  heard.link.close({ reset: false })
})

await t.test('all of a handshake was read before, with what comes behind it', { skip }, async t => {
  const { server, ca } = certificates()
  const { client, heard } = await plain(t)
  const { bytes, goOn } = await hello(t, { ca, maxVersion: 'TLSv1.2' })
  heard.link.secure?.(serverSecurity(server), [bytes])
  const secure = goOn(client)
  secure.write('at once')
  await until('input', () => heard.text === 'at once')
  t.equal(heard.secures, 1)
  heard.link.close({ reset: false })
})

await t.test('input of the same turn that comes after is not told as plain', { skip }, async t => {
  const { server, ca } = certificates()
  const host = recordSecurely(t)
  const address = await host.listen()
  const first = await host.connect(address)
  const second = await host.connect(address)
  const { bytes, goOn } = await hello(t, { ca })
  const security = serverSecurity(server)
  // Whichever is told first makes TLS of the other.
  first.heard.onInput = () => {
    if (second.heard.inputs.length === 0 && second.heard.link.tls === undefined)
      second.heard.link.secure?.(security, [])
  }
  first.heard.link.read(false)
  second.heard.link.read(false)
  first.client.write('x')
  second.client.write(bytes)
  await new Promise(resolve => setTimeout(resolve, 30))
  first.heard.link.read(true)
  second.heard.link.read(true)
  await until('input', () => first.heard.text === 'x')
  if (second.heard.text === '') {
    const secure = goOn(second.client)
    await once(secure, 'secureConnect')
    secure.write('hidden')
    await until('input', () => second.heard.text === 'hidden')
    second.heard.link.close({ reset: false })
  }
  t.pass()
  for (const { client } of [first, second]) client.destroy()
})

await t.test('an open connection becomes a client of TLS', { skip }, async t => {
  const { server, ca, stranger } = certificates()
  for (const identity of [server, stranger]) {
    const { host, client, heard } = await plain(t)
    heard.link.secure?.(clientSecurity({ ca }), [])
    const secure = new tls.TLSSocket(client, { isServer: true, ...identity })
    secure.on('error', () => {})
    if (identity === stranger) {
      await until('a failure', () => heard.errors.length === 1)
      t.match(heard.errors[0], {
        code: 'ERR_TLS',
        message: /self-signed certificate$/,
        cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
      })
      t.equal(heard.secures, 0)
    } else {
      await until('TLS', () => heard.secures === 1)
      host.write(heard, Buffer.from('hello'))
      t.equal(String(await receive(secure, 5)), 'hello')
    }
    heard.link.close({ reset: false })
    secure.destroy()
  }
})

await t.test('what follows in the clear is refused', { skip }, async t => {
  const { server } = certificates()
  const { client, heard } = await plain(t)
  heard.link.secure?.(serverSecurity(server), [Buffer.from('QUIT\r\n')])
  await until('a failure', () => heard.errors.length === 1)
  t.match(heard.errors[0], { code: 'ERR_TLS' })
  t.equal(heard.text, '')
  client.resume()
  heard.link.close({ reset: false })
  await until('its close', () => client.closed)
})

await t.test(
  'ends: with close_notify in order, without one as a reset, or as is allowed',
  { skip },
  async t => {
    const { server, ca } = certificates()
    for (const allowTruncation of [false, true]) {
      const host = recordSecurely(t)
      const address = await host.listenSecurely(serverSecurity(server, { allowTruncation }))
      const orderly = await secureClient(t, address, { ca })
      await until('it', () => host.heard.length === 1)
      orderly.end('last words')
      await until('the end', () => host.heard[0]?.ends === 1)
      t.equal(host.heard[0]?.text, 'last words')
      const [near, far] = await pair(t)
      const socket = net.connect(address.port, address.host)
      far.pipe(socket).pipe(far)
      const cut = tls.connect({ socket: near, ca, servername: 'localhost' })
      cut.on('error', () => {})
      cut.write('cut off')
      await until('it', () => host.heard[1]?.text === 'cut off')
      socket.end()
      const heard = host.heard[1]
      await until('the end', () => heard?.ends === 1 || heard?.errors.length === 1)
      if (allowTruncation) t.equal(heard?.ends, 1)
      else {
        t.equal(heard?.ends, 0)
        t.match(heard?.errors[0], { code: 'ECONNRESET', message: /without close_notify/ })
      }
      for (const { link } of host.heard) link.close({ reset: false })
      socket.destroy()
    }
  },
)

await t.test('the end of this side comes behind its output, and the peer may go on', { skip }, async t => {
  const { server, ca } = certificates()
  const host = recordSecurely(t)
  const address = await host.listenSecurely(serverSecurity(server))
  const client = await secureClient(t, address, { ca, allowHalfOpen: true } as tls.ConnectionOptions)
  await until('it', () => host.heard.length === 1)
  const [heard] = host.heard
  if (heard === undefined) throw new Error('there is none')
  const last = Buffer.alloc(100_000, 'x')
  t.equal(host.write(heard, last), last.length)
  heard.link.end()
  const end = once(client, 'end')
  t.equal((await receive(client, last.length)).length, last.length)
  await end
  client.write('still here')
  await until('input', () => heard.text === 'still here')
  client.end()
  await until('the end', () => heard.ends === 1)
  t.equal(heard.link.ending, false)
  heard.link.close({ reset: false })
})

await t.test('an end that does not go at once is told when it has', { skip }, async t => {
  const { server, ca } = certificates()
  const host = recordSecurely(t)
  const address = await host.listenSecurely(serverSecurity(server))
  const client = await secureClient(t, address, { ca })
  await until('it', () => host.heard.length === 1)
  const [heard] = host.heard
  if (heard === undefined) throw new Error('there is none')
  client.pause()
  const piece = Buffer.alloc(64 * 1024)
  while (host.write(heard, piece) === piece.length);
  heard.onWritable = () => {
    if (!heard.outbox.empty) host.write(heard)
  }
  client.resume()
  await until('all of it', () => heard.outbox.empty)
  heard.link.end()
  await until('the end', () => heard.link.ending === false)
  await until('its close', () => client.closed)
  heard.link.close({ reset: false })
})

await t.test('dialling and securing at once', { skip }, async t => {
  const { server, ca } = certificates()
  const host = recordSecurely(t)
  const listener = net.createServer(socket => {
    new tls.TLSSocket(socket, { isServer: true, ...server }).on('error', () => {})
    t.teardown(() => socket.destroy())
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => listener.close())
  const { port } = listener.address() as net.AddressInfo
  let secured = 0
  let close = () => {}
  host.transport.dial(parseAddress(`tcp4://127.0.0.1:${port}`), {
    connected(_, link) {
      link.secure?.(clientSecurity({ ca }), [])
      close = () => link.close({ reset: false })
      return { ...nobody, secured: () => void secured++ }
    },
    failed: error => t.fail(error.message),
  })
  await until('TLS', () => secured === 1)
  close()
  t.pass()
})

await closesAll(t, before)
