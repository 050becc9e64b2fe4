import type { AddressInfo } from 'node:net'
import * as tls from 'node:tls'
import t from 'tap'
import { type Server, serve } from '../../lib/index.js'

/** TLS by a shared key: no certificate is needed. */
const psk = Buffer.from('0123456789abcdef')
const shared = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const

t.test('an attached TLS socket that does not take its output is given up, and the process lives', async t => {
  let ended: Error | undefined
  let server: Server | undefined
  const door = tls.createServer({ ...shared, pskCallback: () => psk }, socket => server?.attach(socket))
  const client = (port: number) =>
    tls.connect({
      ...shared,
      port,
      host: '127.0.0.1',
      pskCallback: () => ({ psk, identity: 'client' }),
      checkServerIdentity: () => undefined,
    })
  let peer: tls.TLSSocket | undefined
  await serve({
    serving(running) {
      server = running
      door.listen(0, '127.0.0.1', () => {
        peer = client((door.address() as AddressInfo).port)
        peer.on('error', () => {})
        peer.pause()
      })
    },
    opened: () => [Buffer.alloc(15 * 1024 * 1024), { writeTimeout: 50 }],
    closed(_id, error) {
      ended = error
      server?.shutdown()
    },
  })
  t.match(ended, { code: 'ETIMEDOUT' })
  peer?.destroy()
  door.close()
})
