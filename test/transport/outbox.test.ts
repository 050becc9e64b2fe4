import { Buffer } from 'node:buffer'
import t from 'tap'
import { Outbox } from '../../lib/transport/outbox.js'
import { pattern } from './pattern.js'

function contentOf(outbox: Outbox): Buffer {
  const runs: Uint8Array[] = []
  for (let segment = outbox.first; segment !== undefined; segment = segment.next) {
    runs.push(segment.bytes.subarray(segment.start, segment.end))
  }
  return Buffer.concat(runs)
}

function runsOf(outbox: Outbox): number {
  let count = 0
  for (let segment = outbox.first; segment !== undefined; segment = segment.next) count += 1
  return count
}

t.test('is empty at first', async t => {
  const outbox = new Outbox()
  t.equal(outbox.size, 0)
  t.equal(outbox.empty, true)
  t.equal(outbox.first, undefined)
})

t.test('appended bytes are copied, lent ones only when an attempt has left them', async t => {
  const outbox = new Outbox()
  const appended = Buffer.from('appended ')
  const lent = Buffer.from('..lent..')
  outbox.append(appended, appended.length)
  outbox.append('text ', 5)
  outbox.lend(lent, 2, 6)
  appended.fill('!')
  t.equal(contentOf(outbox).toString(), 'appended text lent')
  outbox.settle(3)
  lent.fill('!')
  t.equal(contentOf(outbox).toString(), 'ended text lent')
  t.equal(outbox.size, 15)
})

t.test('runs that lie next to each other in lent memory are one', async t => {
  const outbox = new Outbox()
  const block = Buffer.from('0123456789')
  outbox.lend(block, 0, 3)
  outbox.lend(block, 3, 5)
  t.equal(runsOf(outbox), 1)
  outbox.lend(block, 6, 8)
  outbox.lend(Buffer.from(block), 8, 9)
  t.equal(runsOf(outbox), 3)
  t.equal(contentOf(outbox).toString(), '01234678')
})

t.test('what was lent and kept is not taken for the memory it came from', async t => {
  const outbox = new Outbox()
  const block = Buffer.from('0123456789')
  outbox.lend(block, 0, 5)
  outbox.settle(2)
  outbox.lend(block, 5, 10)
  t.equal(contentOf(outbox).toString(), '23456789')
})

t.test(
  'many small pieces behind a slow peer share a block, and none is appended where it has no room',
  async t => {
    const outbox = new Outbox()
    for (let count = 0; count < 5000; count++) outbox.append('ten bytes.', 10)
    t.equal(outbox.size, 50_000)
    t.ok(runsOf(outbox) <= 5, `${runsOf(outbox)} runs`)
    t.equal(contentOf(outbox).toString(), 'ten bytes.'.repeat(5000))
  },
)

t.test('given bytes go out as they are, each as its own run', async t => {
  const outbox = new Outbox()
  outbox.give(Buffer.from('one'))
  outbox.give(Buffer.alloc(0))
  outbox.give(Buffer.from('two'))
  t.equal(outbox.size, 6)
  t.equal(runsOf(outbox), 3)
  outbox.settle(6)
  t.equal(outbox.empty, true)
})

t.test('an empty run is something to be written', async t => {
  const outbox = new Outbox()
  outbox.give(Buffer.alloc(0))
  t.equal(outbox.size, 0)
  t.equal(outbox.empty, false)
})

t.test('nothing is lost, doubled or moved, however it comes and goes', async t => {
  const source = pattern(2_000_000, 7)
  let random = 1
  const below = (limit: number) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0
    return random % limit
  }
  const outbox = new Outbox()
  const wrong: string[] = []
  let put = 0
  let taken = 0
  while (taken < source.length) {
    for (let left = below(4); left > 0 && put < source.length; left--) {
      const size = Math.min(1 + below([10, 500, 40_000][below(3)] ?? 1), source.length - put)
      const way = below(3)
      if (way === 0) outbox.append(source.subarray(put, put + size), size)
      else if (way === 1) outbox.lend(source, put, put + size)
      else outbox.give(Buffer.from(source.subarray(put, put + size)))
      put += size
    }
    if (outbox.size !== put - taken) wrong.push(`${outbox.size} bytes of ${put - taken}`)
    const some = Math.min(below(60_000), outbox.size)
    const expected = source.subarray(taken, taken + some)
    if (!contentOf(outbox).subarray(0, some).equals(expected)) wrong.push(`other bytes at ${taken}`)
    outbox.settle(some)
    taken += some
  }
  t.strictSame(wrong, [])
  t.equal(outbox.empty, true)
})

t.test('cleared, it is empty', async t => {
  const outbox = new Outbox()
  outbox.append('text', 4)
  outbox.clear()
  t.equal(outbox.size, 0)
  t.equal(outbox.empty, true)
  outbox.append('next', 4)
  t.equal(contentOf(outbox).toString(), 'next')
})

t.test('many small runs behind a slow peer cost each attempt nothing', async t => {
  const outbox = new Outbox()
  const lent = Buffer.from('lent')
  const visited = { count: 0 }
  for (let index = 0; index < 1000; index += 1) outbox.give(Buffer.from('0123456789'))
  outbox.lend(lent, 0, 4)
  outbox.settle(10)
  lent.fill('!')
  for (let segment = outbox.first; segment !== undefined; segment = segment.next) watch(segment, visited)
  for (let index = 1; index < 1000; index += 1) outbox.settle(10)
  t.equal(contentOf(outbox).toString(), 'lent')
  t.ok(visited.count < 3000, `runs were looked at ${visited.count} times`)
})

/** Counts how often somebody wants to know whether the run is lent. */
function watch(segment: { owned: boolean }, visited: { count: number }): void {
  const { owned } = segment
  Object.defineProperty(segment, 'owned', {
    get() {
      visited.count += 1
      return owned
    },
  })
}
