import * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Action, serve } from '../../lib/index.js'
import { onBoth } from '../transport/on-both.js'

const TIMEOUT = 1000
const SIZE = 12_000_000

/** Reads at a steady pace: more than nothing in every part of the timeout, too little for the system to take more. */
async function readSlowly(socket: net.Socket, until: () => boolean): Promise<void> {
  while (!until()) {
    socket.read(16_384)
    await sleep(40)
  }
}

await onBoth(t, 'a peer that reads slowly is not timed out, one that stops is', async (t, transport) => {
  const start = performance.now()
  let stopped = 0
  let closed = 0
  let socket: net.Socket | undefined
  let error: NodeJS.ErrnoException | undefined
  await serve(
    {
      serving(server) {
        socket = net.connect({ port: server.addresses[0]?.port ?? 0, host: '127.0.0.1' })
        socket.on('error', () => {})
        socket.on('readable', () => {})
        const enough = () => performance.now() - start > 4 * TIMEOUT || closed > 0
        void readSlowly(socket, enough).then(() => {
          stopped = performance.now()
        })
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
  t.ok(stopped > 0 && closed > stopped, `closed ${Math.round(closed - start)} ms after its start`)
  t.ok(closed - stopped < 4 * TIMEOUT, 'and not long after it had stopped')
})
