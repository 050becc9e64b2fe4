import { Buffer } from 'node:buffer'
import type { Server } from 'revio'
import { simulate } from 'revio/testing'
import t from 'tap'

const SENT = 28_000
const TAKEN = 16_384

t.test('postwrite counts nothing of a list that maxPending refuses', async t => {
  const told: [id: number, amount: number, remaining: number][] = []
  let server: Server | undefined
  const simulation = simulate(
    {
      serving(running) {
        server = running
      },
      opened: () => [null, { maxPending: 100_000 }],
      data(id) {
        server?.send(id, 'x')
        server?.send(id === 1 ? 2 : 1, Buffer.alloc(SENT))
      },
      postwrite(id, amount, remaining) {
        // The other connection's attempt is over, and its own `postwrite` is still to run.
        if (told.push([id, amount, remaining]) === 1)
          server?.send(2, [Buffer.alloc(70_000), Buffer.alloc(70_000)])
      },
      closed() {},
    },
    { sendBuffer: TAKEN },
  )
  const first = simulation.connect()
  simulation.connect({ paused: true })
  first.send('go')
  t.same(told, [
    [1, 1, 0],
    [2, TAKEN, SENT - TAKEN],
  ])
})
