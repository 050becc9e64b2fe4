import { once } from 'node:events'
import * as tls from 'node:tls'
import t from 'tap'
import { Action, serve } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Authority, certificatesMissing, LOCAL } from '../transport/tls/certificates.js'

const skip = certificatesMissing() ?? false

for (const scheme of ['tls', 'tls-net']) {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const title = `an end that came with the input of a Detach is the socket's end: ${scheme}, ${version}`
    t.test(title, { skip: skip || (scheme === 'tls' && (nativeMissing() ?? false)) }, async t => {
      const authority = new Authority()
      const { cert, key } = authority.issue(...LOCAL)
      const told: string[] = []
      const running = serve(
        {
          data: (_id, input) => [input, Action.Detach],
          detached(_id, socket) {
            socket.on('error', error => told.push(String(error)))
            socket.on('data', bytes => told.push(String(bytes)))
            socket.on('end', () => {
              told.push('end')
              socket.end('bye')
            })
            socket.on('close', () => server.shutdown())
          },
        },
        { address: `${scheme}://127.0.0.1:0`, tls: { cert, key } },
      )
      const server = await running.listening
      const { port = 0 } = server.addresses[0] ?? {}
      const options = { port, host: '127.0.0.1', ca: authority.cert, servername: 'localhost' }
      const socket = tls.connect({ ...options, minVersion: version, maxVersion: version })
      await once(socket, 'secureConnect')
      socket.end('x')
      socket.resume()
      await running
      t.strictSame(told, ['end'])
    })
  }
}
