import t from 'tap'
import { Action } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('what a handler returns goes out though it has had its connection closed with send', async t => {
  const simulation = simulate({
    data: id => {
      t.equal(simulation.server.send(id, 'first ', Action.Close), true)
      return ['second']
    },
  })
  const peer = simulation.connect().send('?')
  t.equal(peer.received, 'first second')
  t.equal(peer.ended, true)
  t.equal(peer.error, undefined)
})
