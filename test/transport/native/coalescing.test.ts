import t from 'tap'
import { Coalescing } from '../../../lib/transport/native/coalescing.js'

interface Load {
  peers: number
  /** Inputs of a millisecond. */
  rate: number
  /** Inputs of a turn. */
  batch?: number
  inputs?: number
  /** Bytes of each. */
  size?: number
  /** The share of its time that the loop has nothing to do. */
  spare?: number
  /** Whose input comes next. */
  next?: (input: number) => number
}

/** A loop under load, and the share of its turns that ended with a pause. */
class LoadedLoop {
  now = 0
  idle = 0
  readonly coalescing = new Coalescing({ now: () => this.now, idle: () => this.idle })

  run({
    peers,
    rate,
    batch = 2,
    inputs = 50_000,
    size = 500,
    spare = 0.2,
    next = input => input % peers,
  }: Load): number {
    const all = Array.from({ length: peers }, () => ({ heard: 0 }))
    let turns = 0
    let pauses = 0
    for (let input = 0; input < inputs; ) {
      for (let left = batch; left > 0; left--) {
        this.coalescing.input(all[next(input++)] ?? { heard: 0 }, size)
        this.now += 1 / rate
        this.idle += spare / rate
      }
      turns++
      if (this.coalescing.pause() > 0) pauses++
    }
    return pauses / turns
  }
}

function paused(load: Load): number {
  return new LoadedLoop().run(load)
}

t.test('many peers that keep the loop busy are gathered', async t => {
  t.ok(paused({ peers: 50, rate: 100 }) > 0.9)
  t.ok(paused({ peers: 1000, rate: 65 }) > 0.9)
})

t.test('it has to be seen first that they do', async t => {
  t.equal(paused({ peers: 50, rate: 100, inputs: 1000 }), 0)
})

t.test('one peer alone is never waited for, nor are a few', async t => {
  for (const peers of [1, 2, 8, 31]) t.equal(paused({ peers, rate: 1000 }), 0, `${peers} peers`)
})

t.test('a loop that is not busy never waits', async t => {
  t.equal(paused({ peers: 50, rate: 63 }), 0)
  t.equal(paused({ peers: 10_000, rate: 1 }), 0)
})

t.test('a loop that has its hands full never waits', async t => {
  t.equal(paused({ peers: 50, rate: 100, spare: 0.06 }), 0)
})

t.test('whether it has is looked at again and again, without pauses', async t => {
  const loop = new LoadedLoop()
  t.ok(loop.run({ peers: 50, rate: 100 }) < 0.99)
  loop.run({ peers: 50, rate: 100, spare: 0 })
  t.equal(loop.run({ peers: 50, rate: 100, spare: 0 }), 0)
})

t.test('large inputs are not worth a pause', async t => {
  t.ok(paused({ peers: 50, rate: 100, size: 4096 }) > 0.9)
  t.equal(paused({ peers: 50, rate: 100, size: 4097 }), 0)
})

t.test('turns that bring much are not followed by a pause', async t => {
  t.equal(paused({ peers: 50, rate: 200, batch: 12 }), 0)
  t.ok(paused({ peers: 50, rate: 200, batch: 11 }) > 0.9)
})

t.test('a turn that brings nothing is not followed by a pause', async t => {
  const loop = new LoadedLoop()
  loop.run({ peers: 50, rate: 100 })
  t.equal(loop.coalescing.pause(), 0)
})

t.test('one in eight may wait for answers, more may not', async t => {
  // The first peer has every n-th input, which makes it impatient; the others share the rest.
  const withOne = (n: number) => (input: number) => (input % n === 0 ? 0 : 1 + (input % 99))
  t.ok(paused({ peers: 100, rate: 100, next: withOne(9) }) > 0.9)
  t.equal(paused({ peers: 100, rate: 100, next: withOne(7) }), 0)
})

t.test('it ends soon after the load does', async t => {
  const loop = new LoadedLoop()
  t.ok(loop.run({ peers: 50, rate: 100 }) > 0.9)
  t.ok(loop.run({ peers: 1, rate: 10, batch: 1, inputs: 200 }) < 0.7, 'one peer is impatient at once')
  t.equal(loop.run({ peers: 1, rate: 10, batch: 1, inputs: 200 }), 0)
  t.ok(loop.run({ peers: 50, rate: 100 }) > 0.8, 'and it begins again')
  loop.run({ peers: 50, rate: 10, inputs: 1024 })
  t.equal(loop.run({ peers: 50, rate: 10 }), 0)
})
