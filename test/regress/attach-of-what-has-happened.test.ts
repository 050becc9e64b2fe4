import { once } from 'node:events'
import * as net from 'node:net'
import t, { type Test } from 'tap'
import type { Events } from '../../lib/index.js'
import { SocketWorld } from '../transport/socket-world.js'

interface Pair {
  readonly socket: net.Socket
  readonly peer: net.Socket
}

/** Not taken over by the native transport. */
class PortableSocket extends net.Socket {}

/** Two ends of a connection that no loop knows of. */
async function connect(t: Test, portable: boolean, allowHalfOpen: boolean): Promise<Pair> {
  const server = net.createServer({ allowHalfOpen, pauseOnConnect: true })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const peer = net.connect({
    port: (server.address() as net.AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  })
  t.teardown(() => peer.destroy())
  const [socket] = (await once(server, 'connection')) as [net.Socket]
  if (portable) Object.setPrototypeOf(socket, PortableSocket.prototype)
  return { socket, peer }
}

/** A loop without an address, and what its handlers were told. */
async function listening(t: Test, events: Events = {}) {
  const world = new SocketWorld('net', 'tcp4')
  t.teardown(async () => void (await world.end()))
  const told: string[] = []
  const { server } = await world.serve({
    ...events,
    opened(id, info) {
      told.push('opened')
      return events.opened?.(id, info)
    },
    data(id, input, context) {
      told.push(`data ${input}`)
      return events.data?.(id, input, context)
    },
    ended(id, context) {
      told.push('ended')
      return events.ended?.(id, context)
    },
    closed(_id, error) {
      told.push(`closed ${(error as NodeJS.ErrnoException | undefined)?.code ?? 'in order'}`)
    },
  })
  return { world, server, told }
}

async function rules(t: Test, portable: boolean): Promise<void> {
  const connected = (t: Test, allowHalfOpen: boolean) => connect(t, portable, allowHalfOpen)

  for (const allowHalfOpen of [true, false]) {
    const title = allowHalfOpen ? 'that may be half-open' : 'that ends by itself'
    await t.test(`a socket ${title} whose end has been told is closed`, async t => {
      const { world, server, told } = await listening(t)
      const { socket, peer } = await connected(t, allowHalfOpen)
      socket.resume()
      peer.end()
      await once(socket, 'end')
      server.attach(socket)
      await world.until('closed', () => told.length === 2)
      // Node destroys one that ends by itself when it has done so.
      t.match(told, ['opened', allowHalfOpen ? 'closed in order' : /^closed/])
      t.strictSame(await world.end(), [])
    })
  }

  await t.test('where the connection is half-open, ended is told and output still goes', async t => {
    const { world, server, told } = await listening(t, {
      opened: () => ['hello ', { halfOpen: true }],
      ended: () => ['and goodbye', 2],
    })
    const { socket, peer } = await connected(t, true)
    let received = ''
    peer.on('data', bytes => {
      received += bytes
    })
    socket.resume()
    peer.end()
    await once(socket, 'end')
    server.attach(socket)
    await once(peer, 'end')
    t.equal(received, 'hello and goodbye')
    await world.until('closed', () => told.length === 3)
    t.strictSame(told, ['opened', 'ended', 'closed in order'])
    t.strictSame(await world.end(), [])
  })

  await t.test(
    'output to a socket whose output has been ended is an error, and not lost without a word',
    async t => {
      const { world, server, told } = await listening(t, { data: () => ['answer'] })
      const { socket, peer } = await connected(t, true)
      socket.end()
      await once(peer.resume(), 'end')
      server.attach(socket)
      peer.write('question')
      await world.until('the question', () => told.length === 2)
      peer.end()
      await world.until('closed', () => told.length === 3)
      t.strictSame(told, ['opened', 'data question', 'closed EPIPE'])
      t.strictSame(await world.end(), [])
    },
  )

  await t.test('a peer that stays silent behind it is not waited for', async t => {
    const { world, server, told } = await listening(t, { data: () => ['answer'] })
    const { socket, peer } = await connected(t, true)
    socket.end()
    await once(peer.resume(), 'end')
    server.attach(socket)
    peer.write('question')
    await world.until('closed', () => told.length === 3)
    t.strictSame(told, ['opened', 'data question', 'closed EPIPE'])
    t.strictSame(await world.end(), [])
  })

  await t.test('what lies in the socket is delivered before its end', async t => {
    const { world, server, told } = await listening(t, {
      opened: () => [null, { halfOpen: true }],
      ended: () => [null, 2],
    })
    const { socket, peer } = await connected(t, true)
    peer.end('from the peer')
    await once(socket, 'readable')
    socket.unshift(Buffer.from('put back, '))
    server.attach(socket)
    await world.until('closed', () => told.at(-1) === 'closed in order')
    t.equal(
      told
        .filter(line => line.startsWith('data'))
        .join('')
        .replaceAll('data ', ''),
      'put back, from the peer',
    )
    t.strictSame(told.slice(-2), ['ended', 'closed in order'])
    t.strictSame(await world.end(), [])
  })

  await t.test("a listener for 'readable' that was left there keeps nothing back", async t => {
    const { world, server, told } = await listening(t)
    const { socket, peer } = await connected(t, true)
    socket.on('readable', () => {})
    peer.write('first')
    await once(socket, 'readable')
    server.attach(socket)
    await world.until('the first', () => told.length === 2)
    peer.end('second')
    await world.until('closed', () => told.length === 4)
    t.strictSame(told, ['opened', 'data first', 'data second', 'closed in order'])
    t.strictSame(await world.end(), [])
  })

  for (const left of [true, false])
    await t.test(
      `a connection that opens paused is not read, ${left ? 'whoever listened' : 'nobody having listened'} for 'readable'`,
      async t => {
        const { world, server, told } = await listening(t, { opened: () => [null, { paused: true }] })
        const { socket, peer } = await connected(t, true)
        if (left) socket.on('readable', () => {})
        server.attach(socket)
        const big = Buffer.alloc(8 * 1024 * 1024)
        peer.write(big)
        await world.until('opened', () => told.length === 1)
        await world.pass(50)
        t.ok(peer.writableLength > 0, 'it waits at the peer')
        t.ok(socket.bytesRead < big.length / 2, `${socket.bytesRead} bytes were read`)
        t.strictSame(await world.end(), [])
      },
    )
}

await t.test('sockets that stay on the portable transport', t => rules(t, true))
await t.test('plain sockets', t => rules(t, false))
