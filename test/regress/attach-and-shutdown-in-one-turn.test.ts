import { once } from 'node:events'
import * as net from 'node:net'
import t from 'tap'
import { serve } from '../../lib/index.js'

/** Not taken over by the native transport. */
class PortableSocket extends net.Socket {}

for (const portable of [false, true]) {
  const where = portable ? 'sockets of another class' : 'plain sockets'
  t.test(`${where} that are attached right before a shutdown have both events each`, async t => {
    const log: string[] = []
    const running = serve({
      opened: id => void log.push(`opened ${id}`),
      closed: id => void log.push(`closed ${id}`),
    })
    const server = await running.listening
    const listener = net.createServer(socket => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as net.AddressInfo
    const sockets = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const socket = net.connect(port, '127.0.0.1')
        await once(socket, 'connect')
        return socket
      }),
    )
    const ids = sockets.map(socket => {
      if (portable) Object.setPrototypeOf(socket, PortableSocket.prototype)
      return server.attach(socket)
    })
    server.shutdown()
    await running
    t.strictSame(ids, [1, 2, 3, 4, 5])
    t.strictSame(log.toSorted(), [...ids.map(id => `closed ${id}`), ...ids.map(id => `opened ${id}`)])
    t.ok(sockets.every(socket => socket.destroyed))
    listener.close()
  })
}
