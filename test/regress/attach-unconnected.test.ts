import * as net from 'node:net'
import t from 'tap'
import { serve } from '../../lib/index.js'

t.test('a socket that is not connected is not attached', async t => {
  const connecting = net.connect({ port: 1, host: '127.0.0.1' }).on('error', () => {})
  const destroyed = new net.Socket().destroy()
  await serve({
    serving(server) {
      for (const socket of [new net.Socket(), connecting, destroyed]) {
        t.throws(() => server.attach(socket), { code: 'ERR_UNSUPPORTED' })
      }
      server.shutdown()
    },
    opened: () => void t.fail('nothing is opened'),
  })
  connecting.destroy()
})
