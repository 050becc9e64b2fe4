import t from 'tap'
import { Action } from '../../lib/index.js'
import { LayeredWorld } from '../layer/layered-world.js'
import { MemoryWorld } from '../transport/memory-world.js'
import { SocketWorld } from '../transport/socket-world.js'

t.test('with a layer, too, a shutdown begins at once: what is dialled is not made', async t => {
  const world = new LayeredWorld(new MemoryWorld('tcp4'), 'cipher')
  const errors = new Map<number, Error | undefined>()
  const running = await world.serve({
    data(): undefined {
      running.server.dial(String(running.server.addresses[0]))
      running.server.shutdown()
    },
    closed: (id, error) => void errors.set(id, error),
  })
  world.connect(running.server).send('x')
  await world.until('the end', () => running.ended)
  t.equal(errors.size, 2)
  t.match(errors.get(2), { code: 'ECONNABORTED' })
  t.strictSame(await world.end(), [])
})

t.test('a translated connection that wakes itself for ever leaves room for timers', async t => {
  const world = new LayeredWorld(new SocketWorld('net', 'tcp4'), 'cipher')
  const { server } = await world.serve({
    data(id): undefined {
      server.wake(id)
    },
  })
  world.connect(server).send('x')
  await world.pass(20)
  t.equal(server.connections, 1)
  t.strictSame(await world.end(), [])
})

t.test('what comes while a Detach waits for its output to be translated is kept for the socket', async t => {
  const world = new LayeredWorld(new SocketWorld('net', 'tcp4'), 'stored')
  let read = ''
  let detaching = false
  const { server } = await world.serve({
    data() {
      detaching = true
      return ['x'.repeat(8_000_000), Action.Detach]
    },
    detached(_id, socket) {
      socket.on('data', bytes => {
        read += bytes
      })
      socket.on('end', () => socket.end())
    },
  })
  const peer = world.connect(server, { paused: true }).send('first')
  await world.until('the reply', () => detaching)
  peer.send('second').end().resume()
  await world.until('its end', () => peer.ended)
  t.equal(read, 'second')
  t.strictSame(await world.end(), [])
})
