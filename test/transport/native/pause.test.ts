import t, { type Test } from 'tap'
import { EVENT_SIZE, type Names, WRITE_SIZE } from '../../../lib/transport/native/addon.js'
import { addon, numbers, skip, slab } from './harness.js'
import { startThread } from './thread.js'

const CONNECTIONS = 3

interface Sending {
  port: number
  connections: number
  heard: Int32Array
}

/** Sends on one connection, and when that has been heard on the others, some milliseconds apart. */
function send(require: NodeJS.Require, { port, connections, heard }: Sending): void {
  const net = require('node:net')
  const sockets = Array.from({ length: connections }, () => net.connect(port, '127.0.0.1').setNoDelay())
  let connected = 0
  const onConnect = () => {
    if (++connected < connections) return
    for (const [index, socket] of sockets.entries()) {
      socket.write('x')
      if (index === 0) Atomics.wait(heard, 0, 0)
      Atomics.wait(heard, 1, 0, 20)
    }
  }
  for (const socket of sockets) socket.on('connect', onConnect)
}

/** How many inputs each turn had when the first turn with one asks for a pause of this many microseconds. */
async function turnsOf(t: Test, pause: number, before: () => void = () => {}): Promise<number[]> {
  const events = numbers(16 * EVENT_SIZE)
  const heard = new Int32Array(new SharedArrayBuffer(8))
  const turns: number[] = []
  let done = () => {}
  const all = new Promise<void>(resolve => {
    done = resolve
  })
  const turn = (count: number): number => {
    const inputs = Array.from({ length: count }, (_, index) => events[index * EVENT_SIZE + 1] === 0).filter(
      Boolean,
    )
    if (inputs.length === 0) return 0
    turns.push(inputs.length)
    if (turns.reduce((sum, inputs) => sum + inputs, 0) === CONNECTIONS) done()
    if (turns.length > 1) return 0
    Atomics.store(heard, 0, 1)
    Atomics.notify(heard, 0)
    before()
    return pause
  }
  const writes = numbers(WRITE_SIZE)
  const poller = new (addon().Poller)(slab(256 * 1024), slab(1), events, writes, turn)
  const [, port] = poller.names(poller.listen('127.0.0.1', 0, 0, 1000, 511, true, false)) as Names
  poller.start()
  const worker = startThread(send, { port, connections: CONNECTIONS, heard })
  t.teardown(() => {
    poller.stop()
    return worker.terminate()
  })
  // Without a timer, which would keep it from pausing.
  await all
  return turns
}

await t.test('what comes in a pause gathers for one turn', { skip }, async t => {
  t.strictSame(await turnsOf(t, 500_000), [1, 2])
})

await t.test('without a pause each input has a turn of its own', { skip }, async t => {
  t.strictSame(await turnsOf(t, 0), [1, 1, 1])
})

await t.test('there is no pause while something but sockets is waited for', { skip }, async t => {
  t.strictSame(await turnsOf(t, 500_000, () => setImmediate(() => {})), [1, 1, 1])
})
