import t from 'tap'
import { Queue } from '../../../lib/transport/udp/queue.js'

t.test('first in, first out, whatever the mix', async t => {
  const queue = new Queue<number>()
  const array: number[] = []
  const taken: (number | undefined)[] = []
  const expected: (number | undefined)[] = []
  for (let round = 0; round < 200; round += 1) {
    for (let count = 0; count < (round * 37) % 101; count += 1) {
      array.push(count)
      queue.push(count)
    }
    for (let count = 0; count < (round * 53) % 97; count += 1) {
      taken.push(queue.shift())
      expected.push(array.shift())
    }
    t.equal(queue.size, array.length)
  }
  t.strictSame(taken, expected)
})

t.test('a million that wait are taken in a moment', async t => {
  const queue = new Queue<number>()
  for (let index = 0; index < 1_000_000; index += 1) queue.push(index)
  let wrong = 0
  for (let index = 0; index < 1_000_000; index += 1) if (queue.shift() !== index) wrong += 1
  t.equal(wrong, 0)
  t.equal(queue.shift(), undefined)
  t.equal(queue.size, 0)
})
