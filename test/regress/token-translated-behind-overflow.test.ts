import t from 'tap'
import { Action, type Reply } from '../../lib/index.js'
import { LayeredWorld } from '../layer/layered-world.js'
import { SocketWorld } from '../transport/socket-world.js'

t.test('a token whose bytes are translated after the connection was given up is told of', async t => {
  const world = new LayeredWorld(new SocketWorld('net', 'tcp4'), 'stored')
  const log: unknown[] = []
  const { server } = await world.serve({
    opened: () => [null, { maxPending: 1000 }],
    data(id): Reply {
      server.send(id, 'x'.repeat(500), { token: 'fits' })
      return ['x'.repeat(501), Action.None, 'does not']
    },
    sent: (_id, token) => void log.push(token),
    closed: () => void log.push('closed'),
  })
  world.connect(server).send('x')
  await world.until('closed', () => log.includes('closed'))
  t.strictSame(log, ['fits', 'does not', 'closed'])
  t.strictSame(await world.end(), [])
})
