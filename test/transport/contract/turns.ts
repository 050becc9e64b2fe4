import { AsyncLocalStorage } from 'node:async_hooks'
import { stat } from 'node:fs'
import type { Server } from '../../../lib/index.js'
import type { Rules } from './rule.js'

const NO_TURNS = { skip: 'a simulation does not wait, and has no turns of the event loop' }

/** What else the event loop does while the sockets are busy, or while nothing happens at all. */
export const turns: Rules = {
  'nextTick and promises run after each batch of events': async (t, world) => {
    if (!world.real) return void t.pass('turns', NO_TURNS)
    const ran: string[] = []
    let count = 0
    const { server } = await world.serve({
      data(_id, input) {
        count += 1
        const mine = count
        ran.push(`data ${mine}`)
        process.nextTick(() => ran.push(`nextTick ${mine}`))
        Promise.resolve().then(() => ran.push(`promise ${mine}`))
        return [input]
      },
    })
    const peer = world.connect(server)
    for (let round = 1; round <= 5; round++) {
      peer.send('x')
      await world.until('the echo', () => peer.received.length === round)
    }
    const expected = [1, 2, 3, 4, 5].flatMap(of => [`data ${of}`, `nextTick ${of}`, `promise ${of}`])
    t.strictSame(ran, expected)
  },

  'what a handler starts in a context of its own goes on in it': async (t, world) => {
    if (!world.real) return void t.pass('turns', NO_TURNS)
    const storage = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const { server } = await world.serve({
      data: (id, input) =>
        storage.run(`of ${id}`, async () => {
          await new Promise(resolve => setImmediate(resolve))
          seen.push(storage.getStore())
          return [input]
        }),
    })
    const peers = [1, 2, 3].map(() => world.connect(server).send('x'))
    await world.until('all echoes', () => peers.every(({ received }) => received === 'x'))
    t.strictSame(seen.sort(), ['of 1', 'of 2', 'of 3'])
  },

  'input that waited is delivered in turns of bounded length': async (t, world) => {
    if (!world.real) return void t.pass('turns', NO_TURNS)
    const SIZE = 4_000_000
    let turn = { inputs: 0, bytes: 0 }
    const most = { inputs: 0, bytes: 0 }
    let inputs = 0
    let delivered = 0
    const { server } = await world.serve({
      opened: () => [null, { paused: true }],
      data(id, input) {
        if (input === null) return
        // Runs after each turn.
        if (turn.inputs === 0) process.nextTick(() => (turn = { inputs: 0, bytes: 0 }))
        turn.inputs += 1
        turn.bytes += input.length
        most.inputs = Math.max(most.inputs, turn.inputs)
        most.bytes = Math.max(most.bytes, turn.bytes)
        inputs += 1
        delivered += input.length
        // What was read in this turn must wait once more.
        if (inputs % 3 > 0) return
        server.pause(id)
        setImmediate(() => server.resume(id))
      },
    })
    world.connect(server).send('x'.repeat(SIZE))
    await world.until('the connection', () => server.connections === 1)
    await world.pass(50)
    server.resume(1)
    await world.until('all of it', () => delivered === SIZE)
    t.ok(most.inputs <= 4, `${most.inputs} inputs in a turn`)
    t.ok(most.bytes <= 2 * 65_536, `${most.bytes} bytes in a turn`)
  },

  'timers and immediates run however busy the sockets are': async (t, world) => {
    if (!world.real) return void t.pass('turns', NO_TURNS)
    let inputs = 0
    const { server } = await world.serve({
      data(id, input) {
        inputs += 1
        server.wake(id)
        return [input]
      },
    })
    const peers = Array.from({ length: 10 }, () => world.connect(server).send('x'.repeat(10_000)))
    const flood = setInterval(() => {
      for (const peer of peers) peer.send(peer.take())
    }, 0)
    await world.until('a busy loop', () => inputs > 100)
    let immediates = 0
    let timers = 0
    const immediate = () => void (++immediates < 20 && setImmediate(immediate))
    const timer = () => void (++timers < 20 && setTimeout(timer, 0))
    immediate()
    timer()
    await world.until('20 of each', () => immediates === 20 && timers === 20)
    clearInterval(flood)
    t.ok(inputs > 100)
  },

  'a connection that wakes itself for ever does not keep others from being served': async (t, world) => {
    if (!world.real) return void t.pass('turns', NO_TURNS)
    let wakes = 0
    const { server } = await world.serve({
      data(id, input) {
        if (input !== null && String(input) !== 'w') return [input]
        wakes += 1
        server.wake(id)
        return undefined
      },
    })
    world.connect(server).send('w')
    await world.until('many wakes', () => wakes > 100)
    const other = world.connect(server).send('hello')
    await world.until('the echo', () => other.received === 'hello')
    t.ok(wakes > 100)
  },

  'a wake from outside fires without anything else happening': async (t, world) => {
    if (!world.real) return void t.pass('turns', NO_TURNS)
    const rounds = 300
    let count = 0
    let id = 0
    await new Promise<void>(resolve => {
      // Without timers and traffic: a wake that waited for the next event would wait forever.
      const again = () => stat('.', () => server.wake(id))
      let server: Server
      void world
        .serve({
          serving: given => {
            server = given
          },
          opened(given) {
            id = given
            again()
          },
          data(_id, input) {
            if (input !== null) return
            count += 1
            if (count < rounds) again()
            else resolve()
          },
        })
        .then(running => world.connect(running.server))
    })
    t.equal(count, rounds)
  },
}
