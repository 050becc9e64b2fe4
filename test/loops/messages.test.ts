import t from 'tap'
import { serveLoops } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Client, spread } from './client.js'

const skip = nativeMissing() ?? false

const echo = new URL('fixtures/echo.js', import.meta.url)

t.test(
  'a message reaches all other loops, or one of them, and an answer finds its connection',
  { skip },
  async t => {
    const running = serveLoops(echo, { loops: 3 }, 'tcp://127.0.0.1:0')
    const server = await running.listening
    const clients = Array.from({ length: 3 }, () => new Client(server.addresses[0]))
    await spread(clients, 3)
    const [zero, one] = clients
    zero?.send('post')
    const heard = await zero?.until(received => received.split('heard').length === 3)
    t.match(heard, /heard by 1 from 0;/)
    t.match(heard, /heard by 2 from 0;/)
    one?.send('to 2')
    t.match(await one?.until(received => received.includes('heard')), /heard by 2 from 1;/)
    server.shutdown()
    await running
  },
)

t.test(
  'the thread that started the loops reaches them too, and so does any other by a port',
  { skip },
  async t => {
    const running = serveLoops(echo, { loops: 2 }, 'tcp://127.0.0.1:0')
    const server = await running.listening
    const clients = Array.from({ length: 2 }, () => new Client(server.addresses[0]))
    await spread(clients, 2)
    t.equal(server.post({ id: 1, loop: 1, reply: 'from outside;' }, { to: 1 }), true)
    t.equal(await clients[1]?.until(received => received.endsWith('outside;')), '1;from outside;')
    const port = server.port()
    port.postMessage({ id: 1, reply: 'by port;' })
    for (const [index, client] of clients.entries()) {
      t.match(await client.until(received => received.endsWith('port;')), new RegExp(`^${index};`))
    }
    t.throws(() => server.post('x', { to: 2 }), { code: 'ERR_OPTION', message: /from 0 to 1/ })
    const transfer = [new ArrayBuffer(8)]
    // Each of both loops would get it.
    t.throws(() => server.post(transfer, { transfer }), {
      code: 'ERR_OPTION',
      message: /transfer.*option to/,
    })
    t.equal(transfer[0]?.byteLength, 8)
    server.shutdown()
    await running
    t.equal(server.post('x'), false)
    port.close()
  },
)
