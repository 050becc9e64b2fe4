import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('an end that comes once shutdown has been called is not told', async t => {
  const told: string[] = []
  const simulation = simulate(
    {
      opened: () => [undefined, { halfOpen: true }],
      data() {
        simulation.server.shutdown()
      },
      ended() {
        told.push('ended')
      },
      closed() {
        told.push('closed')
      },
    },
    { stepwise: true },
  )
  const stopper = simulation.connect()
  const ender = simulation.connect({ allowHalfOpen: true })
  simulation.run()
  // Both come in one turn.
  stopper.send('stop')
  ender.end()
  simulation.run()
  t.same(told, ['closed', 'closed'])
})
