import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('a write timeout of 0 is none', async t => {
  const errors: unknown[] = []
  const simulation = simulate(
    {
      opened: () => ['more than fits on the way', { writeTimeout: 0 }],
      closed: (_id, error) => void errors.push(error),
    },
    { sendBuffer: 10 },
  )
  const peer = simulation.connect({ paused: true })
  simulation.advance(24 * 60 * 60 * 1000)
  t.same(errors, [])
  peer.resume()
  simulation.run()
  t.equal(peer.received, 'more than fits on the way')
})
