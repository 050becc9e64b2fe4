import t from 'tap'
import { Bytes } from '../../../examples/redis/bytes.js'
import { digitsOf, writeNumber } from '../../../examples/redis/wire.js'

t.test('numbers of any length are written with their line end', async t => {
  const around = Array.from({ length: 16 }, (_, power) => 10 ** power).flatMap(value => [
    value - 1,
    value,
    value + 1,
  ])
  const edges = [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 10 * 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]
  const to = Bytes.allocate(32)
  for (const value of [...around, ...edges]) {
    const end = writeNumber(to.view, 3, value)
    t.equal(to.buffer.toString('latin1', 3, end), `${value}\r\n`)
    t.equal(digitsOf(value), String(value).length)
  }
})
