import t from 'tap'
import { Action, type Reply } from '../../lib/index.js'
import { onEvery } from '../transport/on-every.js'

const SIZE = 100_000

// After one of these numbers of wakes the end is known and has not been told: it follows the reply at once.
for (const wakes of [1, 2, 3]) {
  await onEvery(
    t,
    `a buffer that data returned with End may be changed by ended, ${wakes}`,
    async (t, world) => {
      const mine = Buffer.alloc(SIZE, 'a')
      let left = wakes
      let given = false
      let ended = false
      const give = (): Reply => {
        given = true
        return [mine, Action.End]
      }
      const { server } = await world.serve({
        opened: () => [null, { halfOpen: true }],
        data(id): Reply {
          if (left === 0) return give()
          left -= 1
          server.wake(id)
          return undefined
        },
        ended(): Reply {
          ended = true
          if (!given) return give()
          mine.fill('b')
          return undefined
        },
      })
      const peer = world.connect(server, { allowHalfOpen: true }).send('x').end()
      await world.until('its end', () => peer.ended && ended)
      t.equal(peer.receivedBytes.length, SIZE)
      t.ok(peer.receivedBytes.every(byte => byte === 0x61))
    },
  )
}
