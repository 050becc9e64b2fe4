import t from 'tap'
import { type Reply, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('input that was held back counts for idleTimeout from when it is delivered', async t => {
  const told: string[] = []
  let keep: () => void = () => {}
  const events = translate(
    {
      opened: () => [null, { idleTimeout: 1000 }],
      data(_id, input): Reply | Promise<Reply> {
        told.push(`${simulation.now} ${input}`)
        if (told.length > 1) return undefined
        return new Promise<Reply>(resolve => (keep = () => resolve(undefined)))
      },
      closed: () => void told.push(`${simulation.now} closed`),
    },
    () => true,
    // Two pieces of every input.
    () => ({ decode: bytes => [bytes.subarray(0, 5), bytes.subarray(5)] }),
  )
  const simulation = simulate(events)
  simulation.connect().send('firstheld')
  simulation.advance(600)
  keep()
  await simulation.settle()
  simulation.advance(2000)
  t.strictSame(told, ['0 first', '600 held', '1600 closed'])
})
