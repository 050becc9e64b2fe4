import * as dgram from 'node:dgram'
import { once } from 'node:events'
import * as net from 'node:net'
import * as tls from 'node:tls'
import t from 'tap'
import { serveLoops } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Authority, LOCAL } from '../transport/tls/certificates.js'

const skip = nativeMissing() ?? false

const plain = new URL('fixtures/plain.js', import.meta.url)

t.test('datagrams of one remote come to one loop', { skip }, async t => {
  const running = serveLoops(new URL('fixtures/echo.js', import.meta.url), { loops: 2 }, 'udp://127.0.0.1:0')
  const server = await running.listening
  const port = server.addresses[0]?.port ?? 0
  const seen = new Set<string>()
  const sockets: dgram.Socket[] = []
  for (let remote = 0; remote < 40; remote++) {
    const socket = dgram.createSocket('udp4')
    // All stay open: one that took the port of another would be the same remote.
    sockets.push(socket)
    const answers: string[] = []
    socket.on('message', bytes => answers.push(String(bytes)))
    for (const text of ['a', 'b', 'c']) socket.send(text, port, '127.0.0.1')
    while (answers.length < 4) await once(socket, 'message')
    const [hello = ''] = answers
    t.strictSame(answers, [hello, 'a', 'b', 'c'])
    seen.add(hello)
  }
  for (const socket of sockets) socket.close()
  t.strictSame([...seen].toSorted(), ['0;', '1;'])
  t.equal(server.stats().accepted, 40)
  server.shutdown()
  await running
})

t.test('TLS in every loop, and a session of one is resumed in the other', { skip }, async t => {
  const authority = new Authority()
  const { cert, key } = authority.issue(...LOCAL)
  const running = serveLoops(plain, { loops: 2 }, { address: 'tls://127.0.0.1:0', tls: { cert, key } })
  const server = await running.listening
  const port = server.addresses[0]?.port ?? 0
  let session: Buffer | undefined
  const resumed: boolean[] = []
  for (let round = 0; round < 4; round++) {
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      ca: authority.cert,
      servername: 'localhost',
      session,
      maxVersion: 'TLSv1.2',
    })
    socket.on('session', given => {
      session = given
    })
    socket.write('x')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    t.equal(String(answer), 'plain x;')
    resumed.push(socket.isSessionReused())
    socket.end()
    await once(socket, 'close')
  }
  t.strictSame(resumed, [false, true, true, true])
  t.strictSame([server.stats({ loop: 0 }).accepted, server.stats({ loop: 1 }).accepted], [2, 2])
  server.shutdown()
  await running
})

t.test('handshakes under way in all loops together hold back accepting', { skip }, async t => {
  const authority = new Authority()
  const { cert, key } = authority.issue(...LOCAL)
  const running = serveLoops(
    plain,
    { loops: 2 },
    { address: 'tls://127.0.0.1:0', tls: { cert, key, maxHandshakes: 2 } },
    { address: 'tls://127.0.0.1:0', tls: { cert, key } },
  )
  const server = await running.listening
  const [limited = 0, free = 0] = server.addresses.map(({ port }) => port)
  const greet = async (port: number) => {
    const socket = tls.connect({ port, host: '127.0.0.1', ca: authority.cert, servername: 'localhost' })
    await once(socket, 'secureConnect')
    socket.destroy()
  }
  const silent = [net.connect(limited, '127.0.0.1'), net.connect(limited, '127.0.0.1')]
  await Promise.all(silent.map(socket => once(socket, 'connect')))
  const order: string[] = []
  const waiting = greet(limited).then(() => order.push('held back'))
  // Others that came later, in either loop, are served meanwhile.
  for (let round = 0; round < 6; round++) await greet(free)
  order.push('free')
  silent[0]?.destroy()
  await waiting
  t.strictSame(order, ['free', 'held back'])
  // What was given up and what was done count no more.
  for (let round = 0; round < 4; round++) await greet(limited)
  for (const socket of silent) socket.destroy()
  server.shutdown({ timeout: 0 })
  await running
})
