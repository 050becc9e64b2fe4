import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('tokens of output that is lost are told the error that closed is told', async t => {
  const errors: unknown[] = []
  let reply = (_reply: [string]) => {}
  const simulation = simulate({
    data: () =>
      new Promise(resolve => {
        reply = out => resolve([...out, undefined, 'token'])
      }),
    sent(_id, _token, error) {
      errors.push(error)
    },
    closed(_id, error) {
      errors.push(error)
    },
  })
  simulation.connect().send('?').reset()
  reply(['too late'])
  await simulation.settle()
  t.equal(errors.length, 2)
  t.ok(errors[0] instanceof Error)
  t.equal(errors[1], errors[0])
})
