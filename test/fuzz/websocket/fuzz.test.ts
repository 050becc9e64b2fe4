import t from 'tap'
import { agree, examine } from './compare.js'

t.test("the same is found in frames by chance as ws's receiver finds", async t => {
  const counts = { agreed: 0 }
  for (let seed = 1; seed <= 5000; seed++) {
    const difference = examine(seed)
    if (difference === undefined) counts.agreed++
    else t.fail(`seed ${seed}`, { ...difference, input: difference.input.toString('hex').slice(0, 2000) })
    if (seed - counts.agreed > 5) break
  }
  t.equal(counts.agreed, 5000)
})

t.test('the comparison would see a difference', async t => {
  t.notOk(agree(['text a'], ['text b'], false))
  t.notOk(agree(['text a'], [], false))
  t.notOk(agree(['text a', 'bad 1002'], ['text a', 'text b'], false))
  t.notOk(agree(['bad 1007'], ['text b'], false))
  t.ok(agree(['bad 1007'], ['ping 00', 'bad 1007'], false))
})
