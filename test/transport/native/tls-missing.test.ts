import { once } from 'node:events'
import * as tls from 'node:tls'
import t from 'tap'
import { serve } from '../../../lib/index.js'
import { loadNative } from '../../../lib/transport/native/load.js'
import { certificates, skip } from './tls-harness.js'

await t.test(
  'without an OpenSSL that is known, TLS is portable, and the server says why',
  { skip },
  async t => {
    const { addon } = loadNative()
    if (addon === undefined) throw new Error('there is no addon')
    Object.assign(addon, { opensslMissing: () => 'the process exports no SSL_new' })
    const { server: identity, ca } = certificates()
    const endpoint = { address: 'tls4://127.0.0.1:0', tls: identity }
    const running = serve({ data: (_id, input) => [input] }, endpoint, 'tcp4://127.0.0.1:0')
    const server = await running.listening
    t.equal(server.transport, 'native')
    t.match(server.transportError, {
      code: 'ERR_NATIVE',
      message: 'the addon cannot do TLS: the process exports no SSL_new',
    })
    const port = server.addresses[0]?.port ?? 0
    const client = tls.connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
    client.write('hello')
    const [bytes] = (await once(client, 'data')) as [Buffer]
    t.equal(String(bytes), 'hello')
    client.destroy()
    server.shutdown()
    await running

    process.env.REVIO_NATIVE = '1'
    await t.rejects(serve({}, endpoint), {
      code: 'ERR_NATIVE',
      message: /REVIO_NATIVE=1, but the addon cannot do TLS/,
    })
  },
)
