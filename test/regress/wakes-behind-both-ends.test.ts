import t from 'tap'
import { Action } from '../../lib/index.js'
import { onEvery } from '../transport/on-every.js'

const title = 'a connection both sides of which have ended closes, though it wakes itself'

const wakesItself: Parameters<typeof onEvery>[2] = async (t, world) => {
  const log: string[] = []
  let wakes = 0
  const { server } = await world.serve({
    opened: () => [null, { halfOpen: true }],
    data(id) {
      wakes += 1
      server.wake(id)
      return [null, Action.End]
    },
    ended: () => void log.push('ended'),
    closed: (_id, error) => void log.push(`closed ${error}`),
  })
  const peer = world.connect(server, { allowHalfOpen: true }).send('x')
  await world.until('wakes', () => wakes > 3 && peer.ended)
  peer.end()
  await world.until('closed', () => log.length === 2)
  t.strictSame(log, ['ended', 'closed undefined'])
  t.equal(server.connections, 0)
}

await onEvery(t, title, wakesItself, { real: true })
