import t from 'tap'
import { Action } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('what a handler returns goes out before the End that it has asked for with send', async t => {
  const simulation = simulate({
    data: id => {
      t.equal(simulation.server.send(id, 'first ', Action.End), true)
      return ['second']
    },
  })
  const peer = simulation.connect({ allowHalfOpen: true }).send('?')
  t.equal(peer.received, 'first second')
  t.equal(peer.ended, true)
  t.equal(simulation.server.connections, 1)
  peer.end()
  t.equal(simulation.server.connections, 0)
})
