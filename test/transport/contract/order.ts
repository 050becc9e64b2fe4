import { Action, type Server } from '../../../lib/index.js'
import type { Peer, World } from '../world.js'
import type { Rules } from './rule.js'

/** The order of handlers. Every rule also checks that none runs inside another, or for an id that is gone. */
export const order: Rules = {
  'serving comes first, the first tick right after it, then connections': async (t, world) => {
    const ran: string[] = []
    const { server } = await world.serve({
      serving: server => {
        ran.push('serving')
        if (world.real) world.connect(server)
      },
      tick: () => void ran.push('tick'),
      opened: () => void ran.push('opened'),
    })
    if (!world.real) world.connect(server)
    await world.until('opened', () => ran.includes('opened'))
    t.strictSame(ran, ['serving', 'tick', 'opened'])
  },

  'tick comes again for as long as it returns a delay': async (t, world) => {
    let ticks = 0
    const { server } = await world.serve({
      tick: () => {
        ticks += 1
        return ticks < 4 ? [2] : undefined
      },
    })
    await world.until('the last tick', () => ticks === 4)
    await world.pass(20)
    t.equal(ticks, 4)
    server.shutdown()
  },

  'tick comes when its delay has passed, and not before': async (t, world) => {
    const at: number[] = []
    const started = performance.now()
    await world.serve({
      tick: () => {
        at.push(performance.now() - started)
        return at.length < 3 ? [40] : undefined
      },
    })
    await world.until('three ticks', () => at.length === 3)
    const [first = 0, second = 0, third = 0] = at
    if (!world.real) return void t.pass('the time that passed', { skip: 'its time is not the time' })
    t.ok(second - first > 38 && third - second > 38, `ticks at ${at.map(Math.round)} ms`)
  },

  'a tick without a delay leaves the loop to its connections, and stops with it': async (t, world) => {
    let ticks = 0
    const running = await world.serve({
      data: (_id, input) => [input],
      tick: () => {
        ticks += 1
        return [0]
      },
    })
    const peer = world.connect(running.server).send('through')
    await world.until('the echo', () => peer.received === 'through')
    await world.until('many ticks', () => ticks > 10)
    running.server.shutdown()
    await world.until('the end', () => running.ended)
    const last = ticks
    await world.pass(10)
    t.equal(ticks, last)
  },

  'a delay that is no number, or below 0, is an error of tick': async (t, world) => {
    for (const delay of [-1, Number.NaN, '5' as never, undefined as never]) {
      const running = await world.serve({ tick: () => [delay] })
      await world.until('the end', () => running.ended)
      await t.rejects(running.done, { code: 'ERR_REPLY', message: String(delay) })
    }
  },

  'a connection has opened once, then data, then closed once; ids count up and are not used again': async (
    t,
    world,
  ) => {
    const stories = new Map<number, string[]>()
    const tell = (id: number, what: string) => void stories.set(id, [...(stories.get(id) ?? []), what])
    const { server } = await world.serve({
      opened: id => tell(id, 'opened'),
      data(id, input) {
        tell(id, 'data')
        if (input?.includes('c')) return ['bye', Action.Close]
        if (input?.includes('t')) throw new Error('on purpose')
        return [input]
      },
      closed: id => tell(id, 'closed'),
    })
    const waysToGo = [
      (peer: Peer) => peer.end(),
      (peer: Peer) => peer.close(),
      (peer: Peer) => (world.network === 'unix' && world.real ? peer.close() : peer.reset()),
      (peer: Peer) => peer.send('c'),
      (peer: Peer) => peer.send('t'),
    ]
    for (let round = 0; round < 4; round++) {
      const peers = waysToGo.map(() => world.connect(server).send('x'))
      await world.until('all answered', () => peers.every(peer => peer.received === 'x'))
      for (const [index, peer] of peers.entries()) waysToGo[index]?.(peer)
      await world.until('all gone', () => server.connections === 0)
    }
    const ids = [...stories.keys()]
    t.strictSame(
      ids,
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    for (const [id, story] of stories) t.match(story.join(' '), /^opened( data)+ closed$/, `${id}`)
  },

  'prewrite announces all that is pending, postwrite what was taken and what is left': async (t, world) => {
    if (world.resizes)
      return void t.pass('amounts', { skip: 'a layer that resizes: they are those on the wire' })
    const attempts: { announced: number; taken: number; left: number }[] = []
    let announced = 0
    let pending = 0
    const size = world.much
    const { server } = await world.serve({
      opened: () => [undefined, { maxPending: size }],
      data: (_id, input) => (input === null ? undefined : ['x'.repeat(size)]),
      prewrite(id, amount) {
        announced = amount
        pending ||= server.pending(id)
      },
      postwrite(_id, taken, left) {
        attempts.push({ announced, taken, left })
      },
    })
    const peer = world.connect(server, { paused: true }).send('x')
    await world.until('a first attempt', () => attempts.length > 0)
    t.equal(pending, size)
    t.ok((attempts[0]?.left ?? 0) > 0, 'not all of it goes at once')
    peer.resume()
    await world.until('all of it', () => peer.receivedBytes.length === size)
    let sum = 0
    for (const { announced, taken, left } of attempts) {
      t.equal(announced, size - sum)
      sum += taken
      t.equal(left, size - sum)
    }
    t.equal(sum, size)
  },

  'what a handler asks the server for happens after it has returned': async (t, world) => {
    const ran: string[] = []
    let first = 0
    const running = await world.serve({
      data(id, input) {
        first ||= id
        ran.push(`data ${input === null ? 'null' : input.toString()} in`)
        const { server } = running
        if (input !== null && id === first) {
          server.wake(id)
          server.wake(id)
          server.send(id, 'sent')
          server.pause(id)
          server.resume(id)
        } else if (id !== first) {
          server.send(first, 'from the other', Action.Close)
          server.shutdown()
        }
        ran.push('out')
        return undefined
      },
      postwrite: () => void ran.push('postwrite'),
      closed: () => void ran.push('closed'),
    })
    const peer = world.connect(running.server).send('a')
    await world.until('the wake', () => ran.filter(what => what === 'out').length === 2)
    t.strictSame(
      ran.filter(what => what !== 'postwrite'),
      ['data a in', 'out', 'data null in', 'out'],
    )
    ran.length = 0
    world.connect(running.server).send('b')
    await world.until('the end', () => running.ended)
    t.strictSame(ran.filter(what => what !== 'postwrite').slice(0, 2), ['data b in', 'out'])
    t.equal(ran.filter(what => what === 'closed').length, 2)
    await world.until('the output', () => peer.ended)
    t.equal(peer.received, 'sentfrom the other')
  },

  'several wakes before it fires are one, and one in its handler is another': async (t, world) => {
    let nulls = 0
    let id = 0
    let again = true
    const { server } = await world.serve({
      opened: given => {
        id = given
      },
      data(given, input) {
        if (input !== null) return undefined
        nulls += 1
        if (again) server.wake(given)
        again = false
        return ['w']
      },
    })
    const peer = world.connect(server)
    await world.until('opened', () => id > 0)
    if (world.real) for (let times = 0; times < 5; times++) t.equal(server.wake(id), true)
    else t.equal(server.wake(id), true)
    await world.until('two wakes', () => peer.received === 'ww')
    await exchange(world, server)
    t.equal(nulls, 2)
  },

  'a wake fires for a connection that is paused or has unsent output': async (t, world) => {
    let id = 0
    let wakes = 0
    const { server } = await world.serve({
      opened: given => {
        id = given
        return ['x'.repeat(world.much), { paused: true }]
      },
      data: (_id, input) => void (input === null && wakes++),
    })
    world.connect(server, { paused: true })
    await world.until('opened', () => id > 0)
    server.wake(id)
    await world.until('the wake', () => wakes === 1)
    t.ok(server.pending(id) > 0)
  },
}

/** Another connection opens, is served and closes: everything scheduled before has happened. */
async function exchange(world: World, server: Server): Promise<void> {
  const peer = world.connect(server).end()
  await world.until('another connection to come and go', () => peer.ended)
}
