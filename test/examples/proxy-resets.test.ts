import { once } from 'node:events'
import * as net from 'node:net'
import t, { type Test } from 'tap'
import { onBoth } from '../transport/on-both.js'
import { until } from '../transport/until.js'
import { listen, ProxyProgram } from './proxied.js'

/** What no buffer on the way holds. */
const MUCH = 32 * 1024 * 1024

/** A client and the connection of the target that it was passed on to. */
interface Pair {
  client: net.Socket
  target: net.Socket
}

/** A proxy before a target that only takes connections, and what it has open with none of them. */
async function start(t: Test, transport: 'native' | 'net') {
  const server = net.createServer({ allowHalfOpen: true })
  const proxy = await ProxyProgram.start(t, await listen(t, server), transport)
  async function pair(): Promise<Pair> {
    const client = proxy.connect()
    const [target] = (await once(server, 'connection')) as [net.Socket]
    return { client, target }
  }
  return { proxy, pair, before: proxy.descriptors }
}

/** Waits for a socket to break, and answers its error. */
async function broken(socket: net.Socket): Promise<NodeJS.ErrnoException> {
  const [error] = await once(socket.resume(), 'error')
  return error
}

for (const [from, to] of [
  ['client', 'target'],
  ['target', 'client'],
] as const) {
  await onBoth(
    t,
    `a reset by the ${from} reaches the ${to} and leaves nothing open`,
    async (t, transport) => {
      const { proxy, pair, before } = await start(t, transport)

      await t.test('while nothing is under way', async t => {
        const sockets = await pair()
        sockets[from].resetAndDestroy()
        t.match(await broken(sockets[to]), { code: 'ECONNRESET' })
      })

      await t.test('behind bytes that were passed on', async t => {
        const sockets = await pair()
        sockets[from].write('hello')
        t.equal(String((await once(sockets[to], 'data'))[0]), 'hello')
        sockets[from].resetAndDestroy()
        t.match(await broken(sockets[to]), { code: 'ECONNRESET' })
      })

      await t.test('behind the end of the other one', async t => {
        const sockets = await pair()
        sockets[to].end('question')
        sockets[from].resume()
        await once(sockets[from], 'end')
        sockets[from].resetAndDestroy()
        t.match(await broken(sockets[to]), { code: 'ECONNRESET' })
      })

      await t.test('while it does not read, and much waits for it', async t => {
        const sockets = await pair()
        sockets[to].write(Buffer.alloc(MUCH))
        await once(sockets[from], 'readable')
        sockets[from].resetAndDestroy()
        t.match(await broken(sockets[to]), { code: /^(ECONNRESET|EPIPE)$/ })
      })

      await until('all descriptors to be back', () => proxy.descriptors <= before)
      const next = await pair()
      next.client.end('hello')
      t.equal(String((await once(next.target, 'data'))[0]), 'hello', 'and the next one is served')
      next.target.destroy()
    },
  )
}

await onBoth(t, 'a target that refuses has its client closed', async (t, transport) => {
  const nobody = net.createServer()
  const port = await listen(t, nobody)
  await new Promise(resolve => nobody.close(resolve))
  const proxy = await ProxyProgram.start(t, port, transport)
  const before = proxy.descriptors
  for (let round = 1; round <= 3; round++) {
    const client = proxy.connect()
    client.write('is anybody there?')
    t.match(await broken(client), { code: 'ECONNRESET' })
    t.equal(client.bytesRead, 0)
  }
  await until('it to say why', () => (proxy.errors.match(/ECONNREFUSED/g) ?? []).length === 3)
  await until('all descriptors to be back', () => proxy.descriptors <= before)
})
