import { once } from 'node:events'
import * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { SendQueues } from '../../../lib/transport/node/send-queues.js'
import { until } from '../until.js'

const skip = process.platform === 'linux' ? false : 'only Linux tells'

for (const host of ['127.0.0.1', '::1']) {
  t.test(`what waits in a socket to ${host} is told, and falls as its peer reads`, { skip }, async t => {
    const server = net.createServer({ pauseOnConnect: true })
    await once(server.listen(0, host), 'listening')
    const ours = net.connect({ port: (server.address() as net.AddressInfo).port, host })
    const [theirs] = (await once(server, 'connection')) as [net.Socket]
    const queues = new SendQueues()
    ours.write(Buffer.alloc(20_000_000))
    await until('something to wait', () => (queues.of(ours) ?? 0) > 0)
    await sleep(300)
    const first = queues.of(ours) ?? 0
    t.ok(first > 1_000_000, `${first} bytes`)
    theirs.resume()
    await until('it to fall', () => (queues.of(ours) ?? first) < first)
    theirs.destroy()
    ours.destroy()
    server.close()
    t.equal(queues.of(ours), undefined, 'nothing is known of one that is closed')
  })
}
