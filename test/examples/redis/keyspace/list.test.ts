import { Buffer } from 'node:buffer'
import t from 'tap'
import { Bytes, type Span } from '../../../../examples/redis/bytes.js'
import { Heap } from '../../../../examples/redis/keyspace/heap.js'
import { List } from '../../../../examples/redis/keyspace/list.js'
import { contentOf } from '../../../../examples/redis/wire.js'
import { Random } from '../random.js'

function spanOf(content: string): Span {
  const bytes = new Bytes(Buffer.from(content, 'latin1'))
  return { bytes, start: 0, end: bytes.length }
}

function latin1({ bytes, start, end }: Span): string {
  return bytes.buffer.toString('latin1', start, end)
}

function elements(list: List): string[] {
  const all: string[] = []
  list.each('left', element => all.push(latin1(element)) > 0)
  return all
}

function wire(content: string): string {
  return `$${content.length}\r\n${content}\r\n`
}

/** Does one thing to a list and to an array, which are the same before and after. */
function step(random: Random, list: List, model: string[]): void {
  const content = 'abc'.repeat(random.below(random.pick([3, 3, 30, 5000])))
  const { bytes, start, end } = spanOf(content)
  const index = random.below(model.length)
  const choice = random.below(20)
  if (choice < 5 || model.length === 0) {
    list.push('right', bytes, start, end)
    model.push(content)
  } else if (choice < 10) {
    list.push('left', bytes, start, end)
    model.unshift(content)
  } else if (choice < 12) {
    const count = random.below(Math.min(model.length, 30))
    list.drop('left', count)
    model.splice(0, count)
  } else if (choice < 14) {
    const count = random.below(Math.min(model.length, 30))
    list.drop('right', count)
    model.splice(model.length - count)
  } else if (choice < 16) {
    list.set(index, spanOf(content))
    model[index] = content
  } else if (choice < 18) {
    list.insert(index, spanOf(content))
    model.splice(index, 0, content)
  } else {
    const gone = new Set(Array.from({ length: random.below(5) }, () => random.below(model.length)))
    list.remove(gone)
    for (const at of [...gone].sort((left, right) => right - left)) model.splice(at, 1)
  }
}

t.test('it is an array, whatever is done to it', async t => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed)
    const heap = new Heap()
    const list = new List(heap)
    const model: string[] = []
    for (let count = random.below(1500); count >= 0; count--) {
      step(random, list, model)
      if (list.length !== model.length) t.fail(`seed ${seed}: ${list.length} elements for ${model.length}`)
    }
    t.strictSame(elements(list), model, `seed ${seed}`)
    const backwards: string[] = []
    list.each('right', element => backwards.push(latin1(element)) > 0)
    t.strictSame(backwards.reverse(), model)
    const [from, to] = [random.below(model.length), random.below(model.length)].sort((a, b) => a - b) as [
      number,
      number,
    ]
    let range = ''
    list.range(from, to, run => {
      range += latin1(run)
    })
    t.equal(range, model.slice(from, to).map(wire).join(''))
    if (model[from] !== undefined) t.equal(latin1(contentOf(list.at(from))), model[from])
    t.strictSame(elements(list.copy(new Heap())), model)
    list.dispose()
    t.equal(heap.arena.used, 0, 'all memory is given back')
  }
})

t.test('a queue does not grow while it is used', async t => {
  const heap = new Heap()
  const list = new List(heap)
  const { bytes, start, end } = spanOf('job:123')
  for (let count = 0; count < 10; count++) list.push('left', bytes, start, end)
  const { used } = heap.arena
  for (let count = 0; count < 10_000; count++) {
    list.push('left', bytes, start, end)
    list.drop('right', 1)
  }
  t.ok(heap.arena.used <= 4 * used, `${heap.arena.used} bytes after ${used}`)
})
