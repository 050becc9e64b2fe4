import t from 'tap'
import { simulate } from '../../lib/testing.js'

t.test('a reset that clears the output lets the input go on which that had held back', async t => {
  for (let seed = 1; seed <= 300; seed++) {
    const got: string[] = []
    const simulation = simulate(
      {
        opened: () => ['x'.repeat(15), { highWaterMark: 10 }],
        data(_id, input) {
          got.push(String(input))
          return [input]
        },
        closed: () => void got.push('closed'),
      },
      { seed, sendBuffer: 10, stepwise: true },
    )
    const peer = simulation.connect({ paused: true })
    simulation.run()
    peer.send('0123456789abcdef')
    peer.resume(10)
    for (let left = seed % 10; left > 0; left--) simulation.step()
    peer.reset()
    simulation.run()
    if (got.join('') !== '0123456789abcdefclosed') return void t.fail(`seed ${seed}: ${got.join(' ')}`)
  }
  t.pass('with every seed')
})
