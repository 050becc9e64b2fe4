import { Buffer } from 'node:buffer'
import t from 'tap'
import { type Poller, Source, systemError, WRITE_SIZE } from '../../../lib/transport/native/addon.js'
import type { NativeLink } from '../../../lib/transport/native/link.js'
import { NativeWriter } from '../../../lib/transport/native/writer.js'
import { Outbox } from '../../../lib/transport/outbox.js'
import { StagingBuffer } from '../../../lib/transport/staging.js'

interface Written {
  readonly slot: number
  readonly source: number
  readonly offset: number
  readonly length: number
}

/** A writer with room for `capacity` records, whose poller answers each with what `take` says of it. */
function make(capacity: number, take: (written: Written) => number = ({ length }) => length) {
  const records = new Int32Array(capacity * WRITE_SIZE)
  const flushes: Written[][] = []
  const lent: Uint8Array[][] = []
  const poller = {
    flush(count: number, buffers: readonly Uint8Array[]) {
      lent.push([...buffers])
      const written = Array.from({ length: count }, (_, index) => {
        const [slot = 0, source = 0, offset = 0, length = 0] = records.subarray(index * WRITE_SIZE)
        return { slot, source, offset, length }
      })
      flushes.push(written)
      for (const [index, one] of written.entries()) records[index * WRITE_SIZE + 3] = take(one)
      return 0
    },
  } as Poller
  const stage = new StagingBuffer(Buffer.allocUnsafeSlow(1024))
  return { writer: new NativeWriter(poller, stage, records), stage, flushes, lent }
}

function link(slot: number): NativeLink {
  return { slot, taken: 0, failure: undefined, input: undefined, error: systemError } as unknown as NativeLink
}

/** An outbox with pieces of these sizes, each in memory of its own. */
function pieces(...sizes: number[]): Outbox {
  const outbox = new Outbox()
  for (const size of sizes) outbox.lend(Buffer.alloc(size), 0, size)
  return outbox
}

t.test('input and stage go by their places, all else by reference', async t => {
  const { writer, stage, flushes, lent } = make(8)
  const one = link(1)
  const slab = Buffer.alloc(100)
  const own = Buffer.from('own')
  one.input = slab.subarray(40, 60)
  one.inputStart = 40
  const outbox = new Outbox()
  outbox.lend(one.input, 5, 10)
  outbox.lend(own, 1, 3)
  const start = stage.put('staged', 6)
  outbox.lend(stage.bytes, start + 2, start + 6)
  writer.add(one, outbox)
  writer.flush()
  t.strictSame(flushes, [
    [
      { slot: 1, source: Source.Input, offset: 45, length: 5 },
      { slot: 1, source: Source.Lent, offset: 1, length: 2 },
      { slot: 1, source: Source.StagingBuffer, offset: start + 2, length: 4 },
    ],
  ])
  t.equal(lent[0]?.[0], own)
  t.equal(one.taken, 11)
  writer.flush()
  t.equal(flushes.length, 1, 'there is nothing left to flush')
})

t.test('each link is told what was taken of its own, and why no more was', async t => {
  const fault = -((7 << 12) | 32)
  const { writer } = make(8, ({ slot, length }) =>
    slot === 2 && length === 10 ? fault : slot === 3 ? 1 : length,
  )
  const links = [link(1), link(2), link(3)]
  for (const one of links) writer.add(one, pieces(10))
  writer.flush()
  t.strictSame(
    links.map(({ taken }) => taken),
    [10, 0, 1],
  )
  t.strictSame(links[1]?.failure, systemError(fault))
  t.match(links[1]?.failure, { code: 'EPIPE', syscall: 'send', message: 'send EPIPE: broken pipe' })
  const again = link(2)
  again.failure = new Error('of the last write')
  writer.add(again, pieces(5))
  writer.flush()
  t.strictSame([again.taken, again.failure], [5, undefined], 'a new write starts afresh')
})

t.test('more pieces than there are records go out in several flushes', async t => {
  const { writer, flushes } = make(4)
  const one = link(1)
  writer.add(one, pieces(1, 2, 3, 4, 5, 6, 7, 8, 9))
  writer.flush()
  t.strictSame(
    flushes.map(written => written.length),
    [4, 4, 1],
  )
  t.equal(one.taken, 45)
})

t.test('nothing follows a piece that was not taken whole', async t => {
  const { writer, flushes } = make(4, ({ length }) => (length === 3 ? 2 : length === 4 ? 0 : length))
  const one = link(1)
  writer.add(one, pieces(1, 2, 3, 4, 5, 6, 7, 8, 9))
  writer.flush()
  t.equal(flushes.length, 1)
  t.equal(one.taken, 5)
})

t.test('a flush that makes room counts for the links before, too', async t => {
  const { writer } = make(4)
  const [one, two] = [link(1), link(2)]
  writer.add(one, pieces(1, 1, 1))
  writer.add(two, pieces(1, 1, 1))
  t.equal(one.taken, 3)
  writer.flush()
  t.strictSame([one.taken, two.taken], [3, 3])
})

t.test('what many links have in common is lent once', async t => {
  const { writer, flushes, lent } = make(8)
  const [frame, other] = [Buffer.from('frame'), Buffer.from('other')]
  for (const slot of [1, 2, 3]) {
    const outbox = new Outbox()
    outbox.give(frame)
    if (slot === 3) outbox.give(other)
    writer.add(link(slot), outbox)
  }
  writer.flush()
  t.strictSame(lent, [[frame, other]])
  t.strictSame(
    flushes[0]?.map(({ slot, source }) => [slot, source]),
    [
      [1, Source.Lent],
      [2, Source.Lent],
      [3, Source.Lent],
      [3, Source.Lent + 1],
    ],
  )
})

t.test('what is larger or lies further than a record can say is cut to size', async t => {
  const { writer, flushes, lent } = make(8)
  // The system gives memory for it when it is touched, which it is not.
  const far = new Uint8Array(2 ** 32)
  const outbox = new Outbox()
  outbox.lend(far, 10, 2 ** 31 + 2 ** 30)
  const one = link(1)
  writer.add(one, outbox)
  writer.flush()
  const size = 2 ** 30
  t.strictSame(
    flushes[0]?.map(({ offset, length }) => [offset, length]),
    [
      [10, size],
      [10 + size, size],
      [0, size - 10],
    ],
  )
  t.equal(lent[0]?.[1]?.byteOffset, 10 + 2 * size)
  t.equal(lent[0]?.[1]?.length, size - 10)
  t.equal(one.taken, 3 * size - 10)
})
