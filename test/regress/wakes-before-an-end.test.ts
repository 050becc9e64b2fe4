import t from 'tap'
import type { Events, Reply, Server } from '../../lib/index.js'
import { onBoth } from '../transport/on-both.js'
import { SocketWorld } from '../transport/socket-world.js'

type Data = (server: Server, id: number) => Reply | Promise<Reply>

/** Wakes a connection whenever it runs, and lets its peer end meanwhile: what it was told then. */
async function told(transport: 'net' | 'native', halfOpen: boolean, data: Data): Promise<string[]> {
  const world = new SocketWorld(transport, 'tcp4')
  const log: string[] = []
  let server: Server | undefined
  let wakes = 0
  const ended: Events = halfOpen
    ? {
        ended() {
          log.push('ended')
          return [null, 2]
        },
      }
    : {}
  const running = await world.serve({
    ...ended,
    opened: () => [null, { halfOpen }],
    data(id) {
      wakes += 1
      return data(server as Server, id)
    },
    closed: () => void log.push('closed'),
  })
  server = running.server
  const peer = world.connect(server).send('go')
  try {
    await world.until('wakes', () => wakes > 3)
    peer.end()
    await world.until('closed', () => log.includes('closed'))
  } finally {
    await world.end()
  }
  return log
}

const wake: Data = (server, id) => void server.wake(id)
const wakeAndPromise: Data = async (server, id) => {
  server.wake(id)
  await Promise.resolve()
}

await onBoth(t, 'wakes without end do not keep the end of the peer from being read', async (t, transport) => {
  t.strictSame(await told(transport, false, wake), ['closed'])
  t.strictSame(await told(transport, false, wakeAndPromise), ['closed'])
})

await onBoth(t, 'wakes without end do not keep ended from being told', async (t, transport) => {
  t.strictSame(await told(transport, true, wake), ['ended', 'closed'])
  t.strictSame(await told(transport, true, wakeAndPromise), ['ended', 'closed'])
})
