import { once } from 'node:events'
import t from 'tap'
import { WebSocket } from 'ws'
import { serveLoops } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'

const news = new URL('fixtures/news.js', import.meta.url)

t.test(
  'what is published reaches the subscribers of all loops',
  { skip: nativeMissing() ?? false },
  async t => {
    const running = serveLoops(news, { loops: 2 }, 'tcp://127.0.0.1:0')
    const server = await running.listening
    const port = server.addresses[0]?.port
    const got: string[][] = []
    const sockets: WebSocket[] = []
    for (let index = 0; index < 4; index++) {
      const heard: string[] = []
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
      socket.on('message', data => heard.push(String(data)))
      await once(socket, 'message')
      got.push(heard)
      sockets.push(socket)
    }
    t.strictSame([...new Set(got.map(([greeting]) => greeting))].toSorted(), ['loop 0', 'loop 1'])
    const all = Promise.all(sockets.map(socket => once(socket, 'message')))
    sockets[0]?.send('to everybody')
    await all
    for (const heard of got) t.strictSame(heard.slice(1), ['to everybody'])
    for (const socket of sockets) socket.terminate()
    server.shutdown()
    await running
  },
)
