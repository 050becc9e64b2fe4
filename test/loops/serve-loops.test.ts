import { once } from 'node:events'
import * as net from 'node:net'
import t from 'tap'
import { serveLoops } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Client, spread } from './client.js'

const skip = nativeMissing() ?? false

const echo = new URL('fixtures/echo.js', import.meta.url)

t.test('each loop serves, and Shutdown in one ends all', { skip }, async t => {
  const running = serveLoops(echo, { loops: 3 }, 'tcp://127.0.0.1:0')
  const server = await running.listening
  t.match(server, { loops: 3, connections: 0 })
  const clients = Array.from({ length: 6 }, () => new Client(server.addresses[0]))
  t.strictSame(await spread(clients, 3), [2, 2, 2])
  t.equal(server.stats().connections, 6)
  t.equal(server.stats({ loop: 1 }).connections, 2)
  clients[0]?.send('hello')
  t.equal((await clients[0]?.until(received => received.endsWith('hello')))?.slice(2), 'hello')
  clients[0]?.send('shutdown')
  await running
  await Promise.all(clients.map(client => client.closed()))
  t.strictSame(
    clients.map(({ error }) => error),
    clients.map(() => undefined),
  )
  t.equal(server.stats().connections, 0)
})

t.test(
  'with a grace, the connections of all loops go on until they end, and nobody else comes',
  { skip },
  async t => {
    const running = serveLoops(echo, { loops: 2 }, 'tcp://127.0.0.1:0')
    const server = await running.listening
    const clients = Array.from({ length: 4 }, () => new Client(server.addresses[0]))
    t.strictSame(await spread(clients, 2), [2, 2])
    server.shutdown({ grace: 1e9 })
    const late = net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1')
    const [refused] = (await once(late, 'error')) as [NodeJS.ErrnoException]
    t.equal(refused.code, 'ECONNREFUSED')
    for (const client of clients) await client.send('still').until(received => received.endsWith('still'))
    for (const client of clients) await client.close()
    await running
    t.match(server.stats(), { accepted: 4, closed: 4, connections: 0 })
  },
)
