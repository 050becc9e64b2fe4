import { Buffer } from 'node:buffer'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { Action, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('a connection of streams that was detached fails for its owner alone', async t => {
  const errors: (string | undefined)[] = []
  const events = translate(
    {
      opened: () => [null, {}, Action.Detach],
      detached(_id, socket) {
        socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
        for (let left = 10; left > 0; left -= 1) socket.write(Buffer.alloc(100_000))
      },
    },
    () => true,
    () => ({ decode: new PassThrough(), encode: new PassThrough() }),
  )
  const simulation = simulate(events)
  const peer = simulation.connect({ paused: true })
  await simulation.settle()
  peer.reset()
  await simulation.settle()
  t.equal(errors.length, 1)
  t.equal(simulation.left.connections, 0)
})
