import { once } from 'node:events'
import * as net from 'node:net'
import t from 'tap'
import { Action, type Events, type Server, serve } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'

/*
 * In one turn the second connection is paused, its peer's end arrives, and something is sent to it. The write's
 * `postwrite` resumes it, so that `ended` runs within the flush; its answer, a large buffer, is written by a flush inside
 * of that one, and `sent` of the answer sends to the third connection.
 */
t.test(
  'output that is sent while an answer to an end is written goes out',
  { skip: nativeMissing() ?? false },
  async t => {
    let server: Server | undefined
    let open = 0
    let all: () => void = () => {}
    const opened = new Promise<void>(resolve => {
      all = resolve
    })
    const events: Events = {
      opened() {
        if (++open === 3) all()
        return [null, { halfOpen: true }]
      },
      data(id) {
        if (id !== 1) return
        server?.pause(2)
        server?.send(2, 'y')
      },
      postwrite(id) {
        if (id === 2) server?.resume(id)
      },
      ended: id => (id === 2 ? [Buffer.alloc(64 * 1024), Action.End, 'answer'] : undefined),
      sent(_id, token) {
        if (token === 'answer') server?.send(3, 'hello')
      },
    }
    const running = serve(events, 'tcp://127.0.0.1:0')
    server = await running.listening
    const { port } = server.addresses[0] ?? { port: 0 }
    const clients: net.Socket[] = []
    for (let count = 0; count < 3; count++) {
      clients.push(net.connect({ port, allowHalfOpen: true }))
      await once(clients[count] as net.Socket, 'connect')
    }
    const [first, second, third] = clients as [net.Socket, net.Socket, net.Socket]
    await opened
    const answer = second.toArray()
    first.write('x')
    second.end()
    t.equal(String((await once(third, 'data'))[0]), 'hello')
    t.equal(Buffer.concat(await answer).length, 64 * 1024 + 1)
    server.send(3, 'again')
    t.equal(String((await once(third, 'data'))[0]), 'again')
    for (const client of clients) client.destroy()
    server.shutdown()
    await running
  },
)
