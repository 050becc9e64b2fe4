import type { Socket } from 'node:net'
import t from 'tap'
import { Action, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('one that has closed is read on for a second, or until its peer ends', async t => {
  const simulation = simulate({ data: () => ['bye', Action.Close] })
  const silent = simulation.connect({ allowHalfOpen: true }).send('x')
  const polite = simulation.connect({ allowHalfOpen: true }).send('x')
  t.ok(silent.ended && polite.ended)
  t.equal(simulation.server.connections, 0)
  t.equal(simulation.left.connections, 2)
  simulation.advance(500)
  polite.end()
  t.equal(simulation.left.connections, 1)
  simulation.advance(499)
  t.equal(simulation.left.connections, 1)
  simulation.advance(1)
  t.equal(simulation.left.connections, 0)
  simulation.server.shutdown()
  await simulation.done
})

t.test('a wake of a paused connection is not held back by the end that the pause holds back', async t => {
  const log: string[] = []
  const simulation = simulate(
    {
      opened: () => [null, { halfOpen: true }],
      data(id, input) {
        log.push(`data ${input}`)
        simulation.server.pause(id)
      },
      ended() {
        log.push('ended')
        return [null, Action.Close]
      },
      closed: () => void log.push('closed'),
    },
    { stepwise: true },
  )
  const { server } = simulation
  // Input and end come in one turn, so that the end is known and not told.
  simulation.connect().send('x').end()
  simulation.run()
  t.strictSame(log.splice(0), ['data x'])
  server.wake(1)
  simulation.run()
  t.strictSame(log.splice(0), ['data null'])
  server.resume(1)
  simulation.run()
  t.strictSame(log, ['ended', 'closed'])
  server.shutdown()
  simulation.run()
  await simulation.done
})

t.test('closed is told what was thrown first, also where a layer could not be made', async t => {
  const failures: string[] = []
  const closed: (string | undefined)[] = []
  const simulation = simulate(
    translate(
      {
        opened() {
          throw new Error('by opened')
        },
        closed: (_id, error) => void closed.push(error?.message),
        failed: (error, { handler }) => void failures.push(`${handler} ${error.message}`),
      },
      () => true,
      () => {
        throw new Error('by wrap')
      },
    ),
  )
  simulation.connect()
  t.strictSame(failures, ['wrap by wrap', 'opened by opened'])
  t.strictSame(closed, ['by wrap'])
  simulation.server.shutdown()
  await simulation.done
})

t.test('a layer that cannot finish is what closed is told, and the wire closes at once', async t => {
  const closed: (string | undefined)[] = []
  const simulation = simulate(
    translate(
      { data: () => ['bye', Action.Close], closed: (_id, error) => void closed.push(error?.message) },
      () => true,
      () => ({
        decode: bytes => bytes,
        encode: bytes => bytes,
        encodeEnd() {
          throw new Error('no last word')
        },
      }),
    ),
  )
  const peer = simulation.connect({ allowHalfOpen: true }).send('x')
  t.strictSame(closed, ['no last word'])
  t.equal(peer.received, 'bye')
  t.equal(simulation.left.connections, 0)
  simulation.server.shutdown()
  await simulation.done
})

t.test('what postwrite throws closes at once: what is still pending is given up', async t => {
  const thrown = new Error('on purpose')
  const closed: (Error | undefined)[] = []
  const simulation = simulate(
    {
      data: () => [Buffer.alloc(1_000_000)],
      postwrite() {
        throw thrown
      },
      failed() {},
      closed: (_id, error) => void closed.push(error),
    },
    { sendBuffer: 1000, receiveBuffer: 1000 },
  )
  const peer = simulation.connect({ paused: true }).send('x')
  t.strictSame(closed, [thrown])
  t.equal(simulation.left.connections, 0)
  peer.resume()
  simulation.advance(1000)
  t.ok(peer.received.length < 1_000_000, `${peer.received.length} bytes came`)
  simulation.server.shutdown()
  await simulation.done
})

t.test('a socket whose new owner throws is destroyed', async t => {
  let socket: Socket | undefined
  const failures: string[] = []
  const simulation = simulate({
    data: () => ['x', Action.Detach],
    detached(_id, given) {
      socket = given
      throw new Error('no owner')
    },
    failed: (error, { handler }) => void failures.push(`${handler} ${error.message}`),
  })
  const peer = simulation.connect().send('x')
  t.strictSame(failures, ['detached no owner'])
  t.equal(socket?.destroyed, true)
  simulation.advance(1)
  t.equal(peer.received, 'x')
  simulation.server.shutdown()
  await simulation.done
})
