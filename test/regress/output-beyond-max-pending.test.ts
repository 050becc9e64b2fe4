import t from 'tap'
import { Action } from '../../lib/index.js'
import { onEvery } from '../transport/on-every.js'

/** More than `maxPending` is unless something else is asked for. */
const MUCH = 17 * 1024 * 1024

await onEvery(t, 'one reply of more than maxPending reaches a peer that reads', async (t, world) => {
  const closed: unknown[] = []
  const { server } = await world.serve({
    data: () => [Buffer.alloc(MUCH, 'x'), Action.Close],
    closed: (_id, error) => void closed.push(error),
  })
  const peer = world.connect(server).send('?')
  await world.until('the end', () => peer.ended && closed.length === 1)
  t.equal(peer.receivedBytes.length, MUCH)
  t.strictSame(closed, [undefined])
})

await onEvery(t, 'what comes behind it, unsent, is what is refused', async (t, world) => {
  const closed: unknown[] = []
  const tokens: unknown[] = []
  const { server } = await world.serve({
    data(id) {
      server.send(id, Buffer.alloc(MUCH, 'x'), { token: 'first' })
      return ['y', Action.None, 'second']
    },
    sent: (_id, token, error) => void tokens.push(token, (error as NodeJS.ErrnoException | undefined)?.code),
    closed: (_id, error) => void closed.push((error as NodeJS.ErrnoException | undefined)?.code),
  })
  world.connect(server, { paused: true }).send('?')
  await world.until('closed', () => closed.length === 1)
  t.strictSame(closed, ['ENOBUFS'])
  t.strictSame(tokens, ['first', 'ENOBUFS', 'second', 'ENOBUFS'])
})
