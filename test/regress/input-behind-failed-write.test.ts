import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('input that came before a reset is delivered, however long a promised reply takes', async t => {
  const got: string[] = []
  let resolve = (_reply: []) => {}
  const simulation = simulate({
    opened: () => ['x'.repeat(100_000), { writeTimeout: 10 }],
    data(_id, input) {
      got.push(String(input))
      if (got.length > 1) return undefined
      return new Promise<[]>(done => {
        resolve = done
      })
    },
    closed(_id, error) {
      got.push(String((error as NodeJS.ErrnoException).code))
    },
  })
  const peer = simulation.connect({ paused: true })
  peer.send('one').send('two').reset()
  simulation.advance(10_000)
  t.same(got, ['one'], 'there is no output left that could time out')
  resolve([])
  await simulation.settle()
  t.same(got, ['one', 'two', 'ECONNRESET'])
})
