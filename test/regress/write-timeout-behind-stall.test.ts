import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('output that was written after a handler took long has its whole write timeout', async t => {
  const errors: unknown[] = []
  const simulation = simulate(
    {
      opened: () => [undefined, { writeTimeout: 100 }],
      data(_id, input) {
        simulation.stall(1000)
        return [input]
      },
      closed(_id, error) {
        errors.push((error as NodeJS.ErrnoException | undefined)?.code)
      },
    },
    { sendBuffer: 10 },
  )
  simulation.connect({ paused: true }).send('more than fits on the way')
  t.equal(simulation.now, 1000)
  simulation.advance(99)
  t.same(errors, [])
  simulation.advance(1)
  t.same(errors, ['ETIMEDOUT'])
})
