import { createHash } from 'node:crypto'
import t from 'tap'
import type { Events, Server } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'
import { pattern } from '../transport/pattern.js'
import { SocketWorld } from '../transport/socket-world.js'

const MIB = 1024 * 1024
/** Of a length that divides nothing on the way. */
const BLOCK = pattern(MIB + 7)
const BLOCKS = 64

/** Sends block after block as fast as they go, never more than a few at a time. */
function streaming(): Events<{ sent: number }> & { server?: Server } {
  const events: Events<{ sent: number }> & { server?: Server } = {
    serving(server) {
      events.server = server
    },
    opened: () => [undefined, { context: { sent: 0 } }],
    data(_id, _input, context) {
      if (context.sent >= BLOCKS) return undefined
      context.sent += 1
      return [BLOCK, context.sent === BLOCKS ? 2 : 0]
    },
    postwrite(id, _amount, remaining) {
      if (remaining === 0) events.server?.wake(id)
    },
  }
  return events
}

const missing = nativeMissing()
for (const transport of ['net', 'native'] as const) {
  for (const network of ['tcp4', 'unix'] as const) {
    const title = `a long stream to a slow reader arrives as it was sent, on ${transport} over ${network}`
    if (transport === 'native' && missing !== undefined) {
      t.pass(title, { skip: missing })
      continue
    }
    await t.test(title, async t => {
      const world = new SocketWorld(transport, network)
      const { server } = await world.serve(streaming())
      const expected = createHash('sha256')
      for (let block = 0; block < BLOCKS; block++) expected.update(BLOCK)
      const received = createHash('sha256')
      let length = 0
      const { socket } = world.connect(server).send('go')
      socket.removeAllListeners('data')
      socket.on('data', bytes => {
        received.update(bytes)
        length += bytes.length
        // Slow now and then, so that everything on the way is full.
        if (length % 16 === 0) {
          socket.pause()
          setTimeout(() => socket.resume(), 1)
        }
      })
      await new Promise(resolve => socket.once('end', resolve))
      t.equal(length, BLOCK.length * BLOCKS)
      t.equal(received.digest('hex'), expected.digest('hex'))
      t.strictSame(await world.end(), [])
    })
  }
}
