import t from 'tap'
import { Action } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

for (const action of [Action.Close, Action.Detach]) {
  t.test(`what sent throws is what closed is told, when nothing but action ${action} follows`, async t => {
    const fault = new Error('fault')
    const errors: unknown[] = []
    const simulation = simulate(
      {
        data: () => [undefined, action, 'token'],
        sent() {
          throw fault
        },
        closed(_id, error) {
          errors.push(error)
        },
        detached() {
          t.fail('a connection whose handler threw is closed')
        },
      },
      { failures: 'collect' },
    )
    simulation.connect().send('?')
    t.equal(errors.length, 1)
    t.equal(errors[0], fault)
    t.same(simulation.warnings, [])
  })
}
