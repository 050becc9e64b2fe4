import t from 'tap'
import { Action } from '../../lib/index.js'
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

t.test('nor is one that a wake had kept waiting, when data asks for the shutdown', async t => {
  const told: string[] = []
  const simulation = simulate(
    {
      opened: () => [undefined, { halfOpen: true }],
      data: () => [undefined, Action.Shutdown],
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
  // The next step is the turn in which the end comes; the wake is asked for before it, and done after it.
  simulation.step()
  simulation.server.wake(peer.id)
  simulation.run()
  t.same(told, ['closed'])
})
