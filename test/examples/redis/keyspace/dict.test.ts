import { Buffer } from 'node:buffer'
import t, { type Test } from 'tap'
import { Bytes, NOWHERE, type Span, text } from '../../../../examples/redis/bytes.js'
import { Dict } from '../../../../examples/redis/keyspace/dict.js'
import { Flag, Heap } from '../../../../examples/redis/keyspace/heap.js'
import type { Resident } from '../../../../examples/redis/keyspace/objects.js'
import { Random } from '../random.js'

const key: Span = { ...NOWHERE }
const value: Span = { ...NOWHERE }

function set(dict: Dict, name: string, content: string, flags = 0): number {
  const bytes = new Bytes(Buffer.from(name, 'latin1'))
  const held = new Bytes(Buffer.from(content, 'latin1'))
  return dict.set(bytes, 0, bytes.length, flags, held, 0, held.length)
}

function get(dict: Dict, name: string): string | undefined {
  const bytes = new Bytes(Buffer.from(name, 'latin1'))
  const entry = dict.find(bytes, 0, bytes.length)
  if (entry === 0) return undefined
  const { buffer } = dict.heap.value(entry, value).bytes
  return buffer.toString('latin1', value.start, value.end)
}

function remove(dict: Dict, name: string): boolean {
  const bytes = new Bytes(Buffer.from(name, 'latin1'))
  return dict.remove(bytes, 0, bytes.length)
}

function contents(dict: Dict): Map<string, string> {
  const map = new Map<string, string>()
  dict.each(entry => {
    const name = Bytes.copyOf(dict.heap.key(entry, key)).buffer.toString('latin1')
    map.set(name, Bytes.copyOf(dict.heap.value(entry, value)).buffer.toString('latin1'))
  })
  return map
}

t.test('it is a map, whatever is done to it', async t => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(seed)
    const dict = new Dict(new Heap())
    const model = new Map<string, string>()
    const names = 1 + random.below(random.pick([10, 300, 3000]))
    for (let step = 0; step < 10_000; step++) {
      const number = random.below(names)
      // Some are empty, some full of odd bytes, some too long for a block.
      const name = number % 97 === 0 ? `${number}`.repeat(2000) : number === 1 ? '' : `k\0\xff${number}`
      const choice = random.next()
      if (choice < 0.5) {
        const content = 'v'.repeat(random.below(random.pick([5, 100, 20_000])))
        set(dict, name, content)
        model.set(name, content)
      } else if (choice < 0.9) {
        if (remove(dict, name) !== model.delete(name)) t.fail(`seed ${seed}: removed ${name}`)
      } else if (get(dict, name) !== model.get(name)) t.fail(`seed ${seed}: value of ${name}`)
    }
    t.equal(dict.size, model.size)
    t.strictSame(contents(dict), model, `seed ${seed}`)
    dict.dispose()
    t.equal(dict.heap.arena.used, 0, 'all memory is given back')
  }
})

t.test('stamps stay with their entries', async t => {
  const dict = new Dict(new Heap())
  const name = Bytes.from('key')
  set(dict, 'key', 'value')
  t.equal(dict.stamped, 0)
  const entry = dict.stamp(name, 0, 3, 1.5)
  t.equal(dict.heap.stamp(entry), 1.5)
  t.equal(dict.stamped, 1)
  t.equal(get(dict, 'key'), 'value')
  t.equal(dict.heap.stamp(dict.stamp(name, 0, 3, 2.5)), 2.5)
  dict.rename({ bytes: name, start: 0, end: 3 }, { bytes: Bytes.from('other'), start: 0, end: 5 })
  t.equal(get(dict, 'key'), undefined)
  t.equal(get(dict, 'other'), 'value')
  t.equal(dict.stamped, 1)
  dict.stamp(Bytes.from('other'), 0, 5, undefined)
  t.equal(dict.stamped, 0)
  set(dict, 'other', 'x', Flag.Stamp)
  t.equal(dict.stamped, 1)
  set(dict, 'other', 'y')
  t.equal(dict.stamped, 0)
  t.equal(get(dict, 'other'), 'y')
})

t.test('an object is disposed of when its entry goes', async t => {
  let disposed = 0
  const resident = (): Resident => ({ copy: resident, dispose: () => void disposed++ })
  const dict = new Dict(new Heap())
  const name = Bytes.from('key')
  dict.setObject(name, 0, 3, 0, resident())
  dict.stamp(name, 0, 3, 1)
  t.equal(disposed, 0, 'not by moving it')
  set(dict, 'key', 'value')
  t.equal(disposed, 1, 'by another value')
  dict.setObject(name, 0, 3, 0, resident())
  dict.setObject(name, 0, 3, 0, resident())
  t.equal(disposed, 2, 'by another object')
  remove(dict, 'key')
  t.equal(disposed, 3, 'by removing')
})

function fill(dict: Dict, from: number, to: number): void {
  for (let index = from; index < to; index++) set(dict, `key:${index}`, `${index}`)
}

async function scanned(t: Test, between: (dict: Dict, call: number) => void): Promise<void> {
  const dict = new Dict(new Heap())
  fill(dict, 0, 3000)
  const seen = new Map<string, number>()
  let cursor = 0
  let calls = 0
  do {
    cursor = dict.scan(cursor, 20, entry => {
      const name = text(dict.heap.key(entry, key))
      seen.set(name, (seen.get(name) ?? 0) + 1)
    })
    between(dict, ++calls)
  } while (cursor !== 0)
  for (let index = 0; index < 3000; index++) if (seen.get(`key:${index}`) !== 1) t.fail(`key:${index}`)
  t.ok(calls > 50 && calls < 1000, `${calls} calls`)
}

t.test('a scan visits each key once', async t => {
  await t.test('while nothing else happens', t => scanned(t, () => {}))
  await t.test('while the dict grows', t =>
    scanned(t, (dict, call) => fill(dict, 3000 + call * 5, 3005 + call * 5)),
  )
  await t.test('while it grows and shrinks', t =>
    scanned(t, (dict, call) => {
      if (call === 5) fill(dict, 3000, 40_000)
      if (call === 50) for (let index = 3000; index < 40_000; index++) remove(dict, `key:${index}`)
    }),
  )
})

t.test('any of the entries is drawn', async t => {
  const dict = new Dict(new Heap())
  t.equal(dict.random(), 0)
  fill(dict, 0, 10)
  const drawn = new Set(Array.from({ length: 1000 }, () => text(dict.heap.key(dict.random(), key))))
  t.equal(drawn.size, 10)
  fill(dict, 10, 20_000)
  for (let index = 1; index < 20_000; index++) remove(dict, `key:${index}`)
  t.equal(text(dict.heap.key(dict.random(), key)), 'key:0', 'also where nearly all have gone')
})

t.test('a copy is another dict', async t => {
  const dict = new Dict(new Heap())
  fill(dict, 0, 100)
  const copy = dict.copy(new Heap())
  set(copy, 'key:1', 'changed')
  t.equal(get(dict, 'key:1'), '1')
  t.equal(get(copy, 'key:2'), '2')
  t.equal(copy.size, 100)
})
