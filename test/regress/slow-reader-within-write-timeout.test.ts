import type * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { onBoth } from '../transport/on-both.js'
import { silenced } from '../transport/silent-peer.js'

const TIMEOUT = 1000

/** Reads at a steady pace: more than nothing in every part of the timeout, too little for the system to take more. */
async function readSlowly(socket: net.Socket, until: () => boolean): Promise<number> {
  while (!until()) {
    socket.read(16_384)
    await sleep(40)
  }
  return performance.now()
}

await onBoth(t, 'a peer that reads slowly is not timed out, one that stops is', async (t, transport) => {
  const start = performance.now()
  const { error, closed, stopped } = await silenced(transport, TIMEOUT, (socket, isClosed) =>
    readSlowly(socket, () => performance.now() - start > 4 * TIMEOUT || isClosed()),
  )
  t.match(error, { code: 'ETIMEDOUT' })
  t.ok(closed > stopped, `closed ${Math.round(closed - start)} ms after its start`)
  t.ok(closed - stopped < 4 * TIMEOUT, 'and not long after it had stopped')
})
