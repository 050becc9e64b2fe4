import { once } from 'node:events'
import * as net from 'node:net'
import t from 'tap'
import { serve } from '../../lib/index.js'
import { until } from '../transport/until.js'

/** Not taken over by the native transport. */
class PortableSocket extends net.Socket {}

/** Blocks the process, as a handler that computes. */
function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

for (const portable of [false, true]) {
  const where = portable ? 'a socket of another class' : 'a plain socket'
  t.test(`${where} that its peer resets around attach ends no process`, async t => {
    const codes: (string | undefined)[] = []
    const running = serve({
      closed: (_id, error) => void codes.push((error as NodeJS.ErrnoException | undefined)?.code),
    })
    const server = await running.listening
    const far = net.createServer(socket => {
      socket.on('error', () => {})
      setTimeout(() => socket.resetAndDestroy(), 30)
    })
    far.listen(0, '127.0.0.1')
    await once(far, 'listening')
    const socket = net.connect((far.address() as net.AddressInfo).port, '127.0.0.1')
    if (portable) Object.setPrototypeOf(socket, PortableSocket.prototype)
    await once(socket, 'connect')
    // The other end is of this process, too: it resets in a timer that runs right before.
    await new Promise<void>(resolve => {
      setTimeout(() => {
        block(50)
        setTimeout(() => {
          server.attach(socket)
          resolve()
        }, 0)
      }, 0)
    })
    await until('its closing', () => codes.length === 1)
    t.match(codes[0], /^(ECONNRESET|EPIPE)$/)
    server.shutdown()
    await running
    far.close()
  })
}
