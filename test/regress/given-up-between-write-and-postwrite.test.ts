import t from 'tap'
import type { Server } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('postwrite says what was given up meanwhile, and not that all has left', async t => {
  const told: [number, number, number][] = []
  let server: Server | undefined
  const simulation = simulate(
    {
      opened: () => [null, { maxPending: 300 }],
      data() {
        // Both are written at the end of this turn, the second connection first.
        server?.send(2, 'x')
        server?.send(1, Buffer.alloc(200))
      },
      postwrite(id, taken, left) {
        told.push([id, taken, left])
        if (id === 2) server?.send(1, Buffer.alloc(1000))
      },
    },
    { sendBuffer: 100 },
  )
  server = simulation.server
  const first = simulation.connect({ paused: true })
  simulation.connect().send('go')
  t.equal(first.id, 1)
  t.strictSame(told, [
    [2, 1, 0],
    [1, 100, 100],
  ])
  t.equal(server.pending(1), 0, 'it was given up')
})
