import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('a reply that is rejected after the peer has reset is what closed is told', async t => {
  const errors: unknown[] = []
  let reject = (_reason: Error) => {}
  const simulation = simulate(
    {
      data: () =>
        new Promise((_resolve, fail) => {
          reject = fail
        }),
      closed(_id, error) {
        errors.push(error)
      },
    },
    { failures: 'collect' },
  )
  simulation.connect().send('?').reset()
  t.same(errors, [], 'the reply is waited for')
  const reason = new Error('no')
  reject(reason)
  await simulation.settle()
  t.equal(errors.length, 1)
  t.equal(errors[0], reason)
})

t.test('of two errors that handlers threw the first is told, and the second is a warning', async t => {
  const first = new Error('first')
  const second = new Error('second')
  const errors: unknown[] = []
  const simulation = simulate(
    {
      data() {
        throw first
      },
      opened: () => ['x'.repeat(100_000)],
      postwrite() {
        if (errors.length === 0 && simulation.now > 0) throw second
      },
      closed(_id, error) {
        errors.push(error)
      },
    },
    { failures: 'collect' },
  )
  const peer = simulation.connect({ paused: true }).send('?')
  simulation.advance(1)
  peer.resume()
  t.equal(errors[0], first)
  t.equal(simulation.failures[1]?.error, second)
})
