import * as net from 'node:net'
import t from 'tap'

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

async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
