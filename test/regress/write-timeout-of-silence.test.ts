import { once } from 'node:events'
import type * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { onBoth } from '../transport/on-both.js'
import { silenced } from '../transport/silent-peer.js'

const TIMEOUT = 1200

/** Enough for the system to tell the sender that there is room again, whatever it had buffered before. */
const BURST = 1_000_000

/** Reads two bursts, the second in the first half of the timeout, and then nothing; answers when the second began. */
async function readEarly(socket: net.Socket): Promise<number> {
  let began = 0
  for (const wait of [50, 350]) {
    await sleep(wait)
    began = performance.now()
    for (let read = 0; read < BURST; ) {
      const bytes: Buffer | null = socket.read()
      if (bytes === null) await once(socket, 'readable')
      else read += bytes.length
    }
  }
  return began
}

await onBoth(t, 'a peer that stops reading has a whole writeTimeout from then on', async (t, transport) => {
  const { error, closed, stopped } = await silenced(transport, TIMEOUT, readEarly)
  t.match(error, { code: 'ETIMEDOUT' })
  t.ok(closed - stopped >= TIMEOUT - 20, `closed ${Math.round(closed - stopped)} ms after it had stopped`)
})
