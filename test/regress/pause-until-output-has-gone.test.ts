import t from 'tap'
import { onEvery } from '../transport/on-every.js'

await onEvery(t, 'a reset closes what is paused until its output has gone', async (t, world) => {
  const codes: (string | undefined)[] = []
  const { server } = await world.serve({
    opened: () => [null, { highWaterMark: 1024, writeTimeout: 0 }],
    data(id) {
      // Both ends congested, as between two connections of a proxy: it is read on when postwrite says 0.
      server.pause(id)
      return [Buffer.alloc(12 * 1024 * 1024)]
    },
    postwrite(id, _amount, remaining) {
      if (remaining === 0) server.resume(id)
    },
    closed: (_id, error) => void codes.push((error as NodeJS.ErrnoException | undefined)?.code),
  })
  const peers = Array.from({ length: 5 }, () => world.connect(server, { paused: true }).send('x'))
  await world.until('unsent output', () => [1, 2, 3, 4, 5].every(id => server.pending(id) > 1024))
  await world.pass(20)
  for (const peer of peers) peer.send('more, which is not read').reset()
  await world.until('their closing', () => codes.length === 5)
  for (const code of codes) t.match(code, /^(ECONNRESET|EPIPE)$/)
  t.equal(server.connections, 0)
})
