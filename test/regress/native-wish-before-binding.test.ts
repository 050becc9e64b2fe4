import * as net from 'node:net'
import t from 'tap'
import { freePort } from '../transport/free-port.js'

process.env.REVIO_NATIVE = 'maybe'
const { serve } = await import('../../lib/index.js')

t.test('what REVIO_NATIVE asks for is looked at before anything is bound', async t => {
  const port = await freePort()
  await t.rejects(serve({}, `tcp-net://127.0.0.1:${port}`), { code: 'ERR_NATIVE' })
  const other = net.createServer()
  await new Promise<void>((resolve, reject) => {
    other.on('error', reject)
    other.listen(port, '127.0.0.1', resolve)
  })
  other.close()
})
