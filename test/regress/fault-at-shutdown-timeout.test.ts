import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('a connection given up at the end of a shutdown is closed with what its handler threw', async t => {
  const fault = new Error('fault')
  const errors: unknown[] = []
  const simulation = simulate(
    {
      opened: () => ['x'.repeat(100_000)],
      data() {
        throw fault
      },
      closed(_id, error) {
        errors.push(error)
      },
    },
    { failures: 'collect' },
  )
  simulation.connect({ paused: true }).send('?')
  simulation.server.shutdown({ timeout: 10 })
  t.same(errors, [])
  simulation.advance(10)
  t.equal(errors[0], fault)
  t.equal(simulation.ended, true)
})
