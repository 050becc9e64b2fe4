import * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Action, serve } from '../../lib/index.js'
import { onBoth } from '../transport/on-both.js'

const TIMEOUT = 1200
const SIZE = 12_000_000

/** Reads what is there at once, and some more in the first half of the timeout; then nothing. Answers when it stopped. */
async function readEarly(socket: net.Socket): Promise<number> {
  for (const wait of [50, 350]) {
    await sleep(wait)
    for (let left = 8; left > 0; left -= 1) socket.read(65_536)
  }
  return performance.now()
}

await onBoth(t, 'a peer that stops reading has a whole writeTimeout from then on', async (t, transport) => {
  let stopped = Number.POSITIVE_INFINITY
  let closed = 0
  let socket: net.Socket | undefined
  let error: NodeJS.ErrnoException | undefined
  await serve(
    {
      serving(server) {
        socket = net.connect({ port: server.addresses[0]?.port ?? 0, host: '127.0.0.1' })
        socket.on('error', () => {})
        socket.on('readable', () => {})
        void readEarly(socket).then(when => (stopped = when))
      },
      opened: () => [Buffer.alloc(SIZE), { writeTimeout: TIMEOUT }],
      closed(_id, why) {
        closed = performance.now()
        error = why
        return Action.Shutdown
      },
    },
    `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`,
  )
  socket?.destroy()
  t.match(error, { code: 'ETIMEDOUT' })
  t.ok(closed - stopped >= TIMEOUT - 20, `closed ${Math.round(closed - stopped)} ms after it had stopped`)
})
