import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('an end that comes once shutdown has been called is not told', async t => {
  const told: string[] = []
  const simulation = simulate(
    {
      opened: () => [undefined, { halfOpen: true }],
      ended() {
        told.push('ended')
      },
      closed() {
        told.push('closed')
      },
    },
    { stepwise: true },
  )
  const peer = simulation.connect({ allowHalfOpen: true })
  simulation.run()
  peer.end()
  simulation.server.shutdown()
  simulation.run()
  t.same(told, ['closed'])
})
