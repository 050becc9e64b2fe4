import t from 'tap'
import { Action, type Reply } from '../../lib/index.js'
import { onEvery } from '../transport/on-every.js'

for (const action of ['Close', 'Detach'] as const) {
  await onEvery(t, `a Reset from the sent that comes right before the end of ${action}`, async (t, world) => {
    const log: string[] = []
    const { server } = await world.serve({
      data(id): Reply {
        server.send(id, 'bye', Action.End)
        // Too late for output: its token is told when the connection goes.
        return ['late', Action[action], 'token']
      },
      sent(_id, _token, error) {
        log.push(`sent ${(error as NodeJS.ErrnoException | undefined)?.code}`)
        return Action.Reset
      },
      closed: (_id, error) => void log.push(`closed ${error}`),
      detached: (_id, socket) => void (log.push('detached') && socket.destroy()),
    })
    const peer = world.connect(server, { allowHalfOpen: true }).send('x')
    await world.until('its end', () => log.some(line => line.startsWith('closed')))
    await world.until('the peer sees it', () => peer.ended || peer.error !== undefined)
    t.strictSame(log, ['sent EPIPE', 'closed undefined'])
    t.equal(server.connections, 0)
    t.equal(server.stats().closed, 1)
  })
}
