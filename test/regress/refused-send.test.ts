import t from 'tap'
import { Action } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

for (const action of [Action.Close, Action.Shutdown]) {
  t.test(`a send that is refused, as the peer has gone, does not do action ${action}`, async t => {
    const got: string[] = []
    const simulation = simulate({
      opened: () => [undefined, { paused: true }],
      data(_id, input) {
        got.push(String(input))
      },
    })
    const { server } = simulation
    const { id } = simulation.connect().send('last words').reset()
    t.equal(server.send(id, 'to nobody'), true, 'the first write finds out')
    t.equal(server.send(id, 'to nobody', action), false)
    server.resume(id)
    t.same(got, ['last words'])
    t.equal(simulation.ended, false)
  })
}
