import { Transform } from 'node:stream'
import t from 'tap'
import { Action, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

/** Lets bytes through in a turn of Node's loop of their own. */
const slow = () =>
  new Transform({
    transform(bytes, _encoding, done) {
      setImmediate(() => done(null, bytes))
    },
  })

t.test('the end of a simulated loop waits for a layer, too', async t => {
  const simulation = simulate(
    translate(
      { data: () => ['bye', Action.Shutdown] },
      () => true,
      () => ({ decode: slow(), encode: slow() }),
    ),
  )
  const peer = simulation.connect()
  peer.send('x')
  for (let left = 20; left > 0; left--) {
    await new Promise(setImmediate)
    simulation.run()
  }
  t.equal(peer.received, 'bye')
  t.ok(peer.ended)
})
