import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('a tick that is late does not run once shutdown has been called', async t => {
  let ticks = 0
  const simulation = simulate(
    {
      tick() {
        ticks += 1
        return [10]
      },
    },
    { stepwise: true },
  )
  simulation.stall(20)
  simulation.server.shutdown()
  simulation.run()
  t.equal(ticks, 1)
  t.equal(simulation.ended, true)
})
