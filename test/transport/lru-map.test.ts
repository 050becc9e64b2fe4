import t from 'tap'
import { LruMap } from '../../lib/transport/lru-map.js'

t.test('what was not used for longest goes first', async t => {
  const recent = new LruMap<number>(2)
  recent.set('a', 1)
  recent.set('b', 2)
  t.equal(recent.get('a'), 1)
  recent.set('c', 3)
  t.strictSame(
    ['a', 'b', 'c'].map(name => recent.get(name)),
    [1, undefined, 3],
  )
  recent.set('a', 4)
  t.strictSame([recent.get('a'), recent.get('c')], [4, 3])
})

t.test('what is older than its lifetime is gone', async t => {
  const recent = new LruMap<string>(2, 0)
  recent.set('a', 'x')
  t.equal(recent.get('a'), undefined)
})
