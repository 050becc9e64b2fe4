import type * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { onBoth } from '../transport/on-both.js'
import { silenced } from '../transport/silent-peer.js'

const TIMEOUT = 1200

/** Reads what is there at once, and some more in the first half of the timeout; then nothing. */
async function readEarly(socket: net.Socket): Promise<void> {
  for (const wait of [50, 350]) {
    await sleep(wait)
    for (let left = 8; left > 0; left -= 1) socket.read(65_536)
  }
}

await onBoth(t, 'a peer that stops reading has a whole writeTimeout from then on', async (t, transport) => {
  const { error, closed, stopped } = await silenced(transport, TIMEOUT, readEarly)
  t.match(error, { code: 'ETIMEDOUT' })
  t.ok(closed - stopped >= TIMEOUT - 20, `closed ${Math.round(closed - stopped)} ms after it had stopped`)
})
