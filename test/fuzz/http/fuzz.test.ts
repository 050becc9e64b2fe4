import t from 'tap'
import { agree, examine } from './compare.js'
import { NodeReader } from './readers.js'

t.test('the same requests are seen in bytes by chance as node:http sees, or fewer', async t => {
  const node = new NodeReader()
  let different = 0
  for (let seed = 1; seed <= 1500 && different < 5; seed++) {
    const difference = await examine(seed, node)
    if (difference === undefined) continue
    different++
    t.fail(`seed ${seed}`, { ...difference })
  }
  t.equal(different, 0)
})

t.test('the comparison would see a difference', async t => {
  const seen = (refused: boolean, ...requests: string[]) => ({ requests, refused })
  t.ok(agree(seen(false, 'a', 'b'), seen(false, 'a', 'b')))
  t.ok(agree(seen(true, 'a'), seen(false, 'a', 'b')))
  t.notOk(agree(seen(false, 'a'), seen(false, 'a', 'b')))
  t.notOk(agree(seen(true, 'a', 'b'), seen(false, 'a')))
  t.notOk(agree(seen(true, 'b'), seen(true, 'a')))
})
