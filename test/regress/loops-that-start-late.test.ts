import { once } from 'node:events'
import { rmSync } from 'node:fs'
import * as net from 'node:net'
import * as tls from 'node:tls'
import { MessageChannel } from 'node:worker_threads'
import t from 'tap'
import { type LoopsOptions, serveLoops } from '../../lib/index.js'
import { changed, warned } from '../loops/waits.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Authority, certificatesMissing } from '../transport/tls/certificates.js'

const module = new URL('fixtures/starts-late.js', import.meta.url)
const skip = nativeMissing() ?? certificatesMissing() ?? false

function data(more: object = {}): { loaded: Int32Array; options: LoopsOptions } {
  const loaded = new Int32Array(new SharedArrayBuffer(8))
  return { loaded, options: { loops: 1, restart: true, workerData: { loaded, ...more } } }
}

t.test('a shutdown does not wait for a replacement that never loads its module', { skip }, async t => {
  const { loaded, options } = data({ hangs: 1 })
  const running = serveLoops(module, options, 'tcp://127.0.0.1:0')
  const server = await running.listening
  server.post('crash')
  await changed(loaded, 0, 1)
  server.shutdown()
  await t.resolves(running)
})

t.test('a start that `serving` holds up is reported, and goes on', { skip }, async t => {
  const { loaded, options } = data({ holds: 0 })
  const stalled = warned(/is stalled: serving/)
  const running = serveLoops(module, { ...options, stallTimeout: 100 }, 'tcp://127.0.0.1:0')
  t.match(await stalled, {
    code: 'ERR_STALLED',
    message: /^loop 0 is stalled: serving has held its thread for 100 ms/,
  })
  const responds = warned(/responds again/)
  Atomics.store(loaded, 1, 1)
  Atomics.notify(loaded, 1)
  const server = await running.listening
  await responds
  t.equal(server.stats().stalled, 0)
  const peer = net.connect(server.addresses[0]?.port ?? 0)
  await once(peer, 'data')
  peer.destroy()
  server.shutdown()
  await running
})

t.test('nothing waits for a replacement that `serving` holds up', { skip }, async t => {
  const { options } = data({ holds: 1 })
  const running = serveLoops(module, { ...options, stallTimeout: 100 }, 'tcp://127.0.0.1:0')
  const server = await running.listening
  const stalled = warned(/is stalled: serving/)
  server.post('crash')
  await stalled
  t.equal(server.stats().stalled, 1)
  await t.rejects(server.reload(), { code: 'ERR_STALLED' })
  server.shutdown({ timeout: 0 })
  await t.rejects(running, { code: 'ERR_STALLED' })
})

t.test(
  'a replacement begins with the certificate in force, whatever the files are then',
  { skip },
  async t => {
    const first = new Authority('first')
    const second = new Authority('second')
    const { options } = data()
    const address = `tls://127.0.0.1:0?cert=${first.certFile}&key=${first.keyFile}`
    const running = serveLoops(module, options, address)
    const server = await running.listening
    const subject = async () => {
      const peer = tls.connect({ port: server.addresses[0]?.port ?? 0, rejectUnauthorized: false })
      await once(peer, 'secureConnect')
      const { CN } = peer.getPeerCertificate().subject
      peer.destroy()
      return CN
    }
    rmSync(first.certFile)
    for (const name of ['first', 'second']) {
      if (name === 'second') server.setSecureContext(0, { cert: second.cert, key: second.key })
      const died = warned(/died/)
      server.post('crash')
      t.match((await died).message, 'as it was asked to')
      t.equal(await Promise.race([subject(), warned(/died/)]), name)
    }
    t.throws(() => server.setSecureContext(0), { code: 'ERR_TLS', message: /option cert: cannot read/ })
    const choose = () => undefined
    t.throws(() => server.setSecureContext(0, { cert: second.cert, key: second.key, choose }), {
      code: 'ERR_OPTION',
      message: /option tls: cannot be copied to the loops/,
    })
    server.shutdown()
    await running
  },
)

t.test('a message of a port that cannot be copied once more is told', { skip }, async t => {
  const { options } = data()
  const running = serveLoops(module, options, 'tcp://127.0.0.1:0')
  const server = await running.listening
  const { port1 } = new MessageChannel()
  const warning = warned(/cannot be copied/)
  const port = server.port()
  port.postMessage({ port1 }, [port1])
  t.match((await warning).message, /^port: a message cannot be copied to the loops: /)
  port.close()
  server.shutdown()
  await running
})
