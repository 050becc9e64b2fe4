import t from 'tap'
import { simulate } from '../../lib/testing.js'

for (const timeout of ['idleTimeout', 'readTimeout'] as const) {
  t.test(`a connection that was busy until now is not closed by an ${timeout} that is set now`, async t => {
    const simulation = simulate({ data: (_id, input) => [input] })
    const peer = simulation.connect()
    simulation.advance(60_000)
    peer.send('x')
    simulation.server.configure(1, { [timeout]: 1000 })
    simulation.advance(999)
    t.equal(simulation.server.connections, 1)
    peer.send('x')
    simulation.advance(999)
    t.equal(simulation.server.connections, 1)
    simulation.advance(1)
    t.equal(simulation.server.connections, 0)
    simulation.server.shutdown()
    await simulation.done
  })
}
