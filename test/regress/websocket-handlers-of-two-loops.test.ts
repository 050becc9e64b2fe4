import { once } from 'node:events'
import t from 'tap'
import { WebSocket } from 'ws'
import { http } from '../../lib/http/index.js'
import { serve } from '../../lib/index.js'
import { websocket } from '../../lib/websocket/index.js'

t.test('handlers of one loop take no connection of another, though they have none now', async t => {
  const sockets = websocket({ message: (_id, data) => [data] })
  const faults: Error[] = []
  const start = async () => {
    const failed = (error: Error) => void faults.push(error)
    const running = serve(
      http({ upgrade: sockets, request: () => [{ status: 404 }], failed }),
      'tcp://127.0.0.1:0',
    )
    const server = await running.listening
    const stop = () => {
      server.shutdown()
      return running
    }
    return { url: `ws://127.0.0.1:${server.addresses[0]?.port}/`, stop }
  }
  const [first, second] = [await start(), await start()]
  const talk = async (url: string) => {
    const socket = new WebSocket(url)
    socket.on('open', () => socket.send('hello')).on('error', () => {})
    socket.on('message', () => socket.close())
    const [code] = await once(socket, 'close')
    return code
  }
  t.equal(await talk(first.url), 1005)
  t.equal(sockets.size, 0)
  t.equal(await talk(second.url), 1006, 'refused')
  t.match(faults[0]?.message, /another loop.*websocket\(\) once for each/)
  t.equal(await talk(first.url), 1005, 'the first goes on')
  await first.stop()
  const third = await start()
  t.equal(await talk(third.url), 1005, 'a loop that is over leaves them to the next')
  await Promise.all([second.stop(), third.stop()])
})
