import t from 'tap'
import { Action, type Server } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('a connection that has ended its own side is closed by send', async t => {
  let server: Server | undefined
  const log: string[] = []
  const simulation = simulate({
    serving(running) {
      server = running
    },
    opened: () => [null, { halfOpen: true }, Action.End],
    ended() {
      log.push('ended')
    },
    closed(_id, error) {
      log.push(`closed ${error}`)
    },
  })
  const peer = simulation.connect({ allowHalfOpen: true })
  t.ok(peer.ended)
  t.equal(server?.send(1, 'more'), false, 'no output is taken')
  t.strictSame(log, [])
  t.equal(server?.send(1, null, Action.Close), false, 'nor is none')
  t.strictSame(log, ['closed undefined'])
})
