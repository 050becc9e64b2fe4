import t from 'tap'
import { SocketWorld } from '../transport/socket-world.js'

// A timer of Node's that is set to more than 24 days runs at once: the drain was given up when it had begun.
t.test('a shutdown that may take for ever waits for the output', async t => {
  const world = new SocketWorld('net', 'tcp4')
  const size = 8_000_000
  const running = await world.serve({ data: () => ['x'.repeat(size)] })
  const peer = world.connect(running.server, { paused: true }).send('x')
  await world.until('pending output', () => running.server.pending(1) > 0)
  running.server.shutdown({ timeout: Number.POSITIVE_INFINITY })
  await world.pass(20)
  t.equal(running.ended, false)
  peer.resume()
  await world.until('the end', () => peer.ended && running.ended)
  t.equal(peer.received.length, size)
  t.strictSame(await world.end(), [])
})

t.test('a tick that is to come in a year does not come now', async t => {
  const world = new SocketWorld('net', 'tcp4')
  let ticks = 0
  await world.serve({
    tick() {
      ticks += 1
      return [365 * 86_400_000]
    },
  })
  await world.pass(20)
  t.equal(ticks, 1)
  t.strictSame(await world.end(), [])
})
