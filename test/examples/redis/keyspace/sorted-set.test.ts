import t from 'tap'
import { Bytes, NOWHERE, type Span, text } from '../../../../examples/redis/bytes.js'
import { Heap } from '../../../../examples/redis/keyspace/heap.js'
import { SortedSet } from '../../../../examples/redis/keyspace/sorted-set.js'
import { Random } from '../random.js'

const span: Span = { ...NOWHERE }

function spanOf(name: string): Span {
  const bytes = Bytes.from(name)
  return { bytes, start: 0, end: bytes.length }
}

function members(set: SortedSet, from = 0, to = set.size): string[] {
  return set.slice(from, to).map(entry => `${text(set.member(entry, span))}=${set.score(entry)}`)
}

function sorted(model: Map<string, number>): string[] {
  const all = [...model].sort(([left, a], [right, b]) => a - b || (left < right ? -1 : 1))
  return all.map(([name, score]) => `${name}=${score}`)
}

t.test('it is a sorted map, whatever is done to it', async t => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed)
    const heap = new Heap()
    const set = new SortedSet(heap)
    const model = new Map<string, number>()
    const names = random.pick([5, 100, 3000])
    const scores = random.pick([1, 3, 100_000])
    const removing = random.next()
    for (let step = 0; step < 6000; step++) {
      const name = `m${random.below(names)}`
      if (random.next() < (step < 3000 ? 0.2 : removing)) {
        if (set.remove(spanOf(name)) !== model.delete(name)) t.fail(`seed ${seed}: ${name}`)
      } else {
        const score = random.below(scores) - scores / 2
        set.set(spanOf(name), score)
        model.set(name, score)
      }
    }
    const order = sorted(model)
    t.strictSame(members(set), order, `seed ${seed}`)
    const [from, to] = [random.below(order.length + 1), random.below(order.length + 1)].sort(
      (a, b) => a - b,
    ) as [number, number]
    t.strictSame(members(set, from, to), order.slice(from, to))
    for (let step = 0; step < 20 && order.length > 0; step++) {
      const place = random.below(order.length)
      const [name = '', score = ''] = (order[place] ?? '').split('=')
      t.equal(set.rank(spanOf(name), Number(score)), place)
      t.equal(set.score(set.find(spanOf(name))), Number(score))
      t.equal(
        set.partition(other => other < Number(score)),
        order.findIndex(each => each.endsWith(`=${score}`)),
      )
    }
    t.strictSame(members(set.copy(new Heap())), order)
    set.dispose()
    t.equal(heap.arena.used, 0, 'all memory is given back')
  }
})

t.test('it shrinks to nothing and grows again', async t => {
  const set = new SortedSet(new Heap())
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 10_000; index++) set.set(spanOf(`m${index}`), index)
    t.equal(set.size, 10_000)
    while (set.size > 0) {
      const [first = 0] = set.slice(0, 1)
      set.remove(set.member(first, span))
    }
    t.strictSame(members(set), [])
  }
})
