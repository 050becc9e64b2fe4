import t from 'tap'
import { Action, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('opened of a connection whose layer cannot be made can ask for a shutdown', async t => {
  const events = translate(
    { opened: (_id, { closing }) => (closing ? [null, {}, Action.Shutdown] : undefined) },
    () => true,
    () => {
      throw new Error('no layer')
    },
  )
  const simulation = simulate(events, { failures: 'collect' })
  simulation.connect()
  await simulation.settle()
  t.equal(simulation.ended, true)
})
