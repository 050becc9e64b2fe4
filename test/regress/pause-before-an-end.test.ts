import t from 'tap'
import { onEvery } from '../transport/on-every.js'

await onEvery(t, 'a pause holds the end back, though nothing is unread', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve({
    data(id) {
      log.push('data')
      server.pause(id)
    },
    closed: () => void log.push('closed'),
  })
  world.connect(server).send('x').end()
  await world.until('the input', () => log.length > 0)
  await world.pass(50)
  log.push('resume')
  t.equal(server.resume(1), true)
  await world.until('closed', () => log.includes('closed'))
  t.strictSame(log, ['data', 'resume', 'closed'])
})

await onEvery(t, 'it holds ended back as well', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve({
    opened: () => [null, { halfOpen: true, paused: true }],
    ended() {
      log.push('ended')
      return [null, 2]
    },
    closed: () => void log.push('closed'),
  })
  world.connect(server).end()
  await world.until('a connection', () => server.connections === 1)
  await world.pass(50)
  log.push('resume')
  server.resume(1)
  await world.until('closed', () => log.includes('closed'))
  t.strictSame(log, ['resume', 'ended', 'closed'])
})
