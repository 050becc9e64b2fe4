import t from 'tap'
import { Arena } from '../../../../examples/redis/keyspace/arena.js'
import { CLASSES, classFor, classSize, LARGEST } from '../../../../examples/redis/keyspace/size-class.js'
import { Random } from '../random.js'

t.test('a size class has room for its sizes, and wastes an eighth at most', async t => {
  for (let size = 1; size <= LARGEST; size++) {
    const room = classSize(classFor(size))
    if (room < size) t.fail(`${size} in ${room}`)
    if (size > 64 && room > (size * 9) / 8 + 8) t.fail(`${size} in ${room}`)
  }
  t.equal(classSize(CLASSES), LARGEST)
})

t.test('blocks do not overlap, and keep what is in them', async t => {
  const random = new Random(1)
  const arena = new Arena()
  const blocks = new Map<number, { size: number; mark: number }>()
  for (let step = 0; step < 60_000; step++) {
    if (blocks.size < 3000 && random.next() < 0.6) {
      const size = 1 + random.below(random.pick([16, 100, 1000, LARGEST]))
      const ref = arena.allocate(size)
      if (ref === 0 || blocks.has(ref)) t.fail(`block ${ref} is in use`)
      const mark = random.below(256)
      arena.bytes(ref).buffer.fill(mark, arena.at(ref), arena.at(ref) + size)
      blocks.set(ref, { size, mark })
    } else if (blocks.size > 0) {
      const ref = [...blocks.keys()][random.below(Math.min(blocks.size, 20))] as number
      const { size, mark } = blocks.get(ref) as { size: number; mark: number }
      const bytes = arena.bytes(ref).buffer.subarray(arena.at(ref), arena.at(ref) + size)
      if (!bytes.every(byte => byte === mark)) t.fail(`block ${ref} was written to`)
      arena.free(ref)
      blocks.delete(ref)
    }
  }
  for (const ref of blocks.keys()) arena.free(ref)
  t.equal(arena.used, 0)
})

t.test('freed space is used again, for blocks of any size', async t => {
  const arena = new Arena()
  const fill = (size: number) => Array.from({ length: 2_000_000 / size }, () => arena.allocate(size))
  for (const ref of fill(100)) arena.free(ref)
  const { size } = arena
  for (const blockSize of [16, 5000, 64, 1024]) for (const ref of fill(blockSize)) arena.free(ref)
  t.equal(arena.size, size)
})
