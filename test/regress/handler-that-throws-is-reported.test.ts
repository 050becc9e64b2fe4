import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('what a handler throws is thrown where it was provoked, though closed ignores it', async t => {
  const simulation = simulate({
    data() {
      throw new TypeError('a bug')
    },
    closed() {},
  })
  const peer = simulation.connect()
  t.throws(() => peer.send('x'), { name: 'TypeError', message: 'a bug' })
})

t.test('failures are gathered where that was asked for, with handler and id', async t => {
  const simulation = simulate(
    {
      opened() {
        throw new Error('opened')
      },
      closed() {
        throw new Error('closed')
      },
    },
    { failures: 'collect' },
  )
  simulation.connect()
  t.match(simulation.failures, [
    { error: { message: 'opened' }, id: 1, handler: 'opened' },
    { error: { message: 'closed' }, id: 1, handler: 'closed' },
  ])
})
