import t from 'tap'
import { type Block, BlockPool } from '../../lib/transport/blocks.js'
import { until } from './until.js'

const KIB = 1024

t.test('the first blocks are small, the others large, and one is as large as it has to be', async t => {
  const pool = new BlockPool()
  const sizes = [0, 1, 2, 3].map(asked => pool.take(100, asked).bytes.length)
  t.strictSame(sizes, [16 * KIB, 64 * KIB, 256 * KIB, 256 * KIB])
  t.equal(pool.take(20 * KIB, 0).bytes.length, 256 * KIB)
  t.equal(pool.take(300 * KIB, 0).bytes.length, 300 * KIB)
})

t.test('a large block serves again, and is given back when nobody wants it', async t => {
  const pool = new BlockPool()
  const block = pool.take(100, 2)
  block.bytes.fill(1)
  pool.give(block)
  t.equal(pool.take(100, 2), block)
  pool.give(block)
  await until('its memory to be given back', () => block.bytes.length === 0)
  t.not(pool.take(100, 2), block)
})

t.test('one of another size is given back at once, a small one is left to the collector', async t => {
  const pool = new BlockPool()
  const [odd, small] = [pool.take(300 * KIB, 5), pool.take(1, 0)]
  pool.give(odd)
  t.equal(odd.bytes.length, 0)
  pool.give(small)
  t.equal(small.bytes.length, 16 * KIB)
})

t.test('beyond so many mappings memory comes from malloc', async t => {
  const pool = new BlockPool()
  const taken: Block[] = []
  for (let count = 0; count < 16_385; count++) taken.push(pool.take(100, 2))
  t.equal(taken.at(-1)?.mapped, undefined)
  t.equal(taken.at(-1)?.bytes.length, 256 * KIB)
  const [first] = taken
  if (first !== undefined) pool.abandon(first)
  t.ok(pool.take(100, 2).mapped)
  for (const block of taken) pool.give(block)
})
