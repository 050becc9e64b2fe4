import { DeflateRaw } from 'node:zlib'
import t from 'tap'
import { Action } from '../../lib/index.js'
import { close, ping, text } from '../websocket/frames.js'
import { codeOf, received, world } from '../websocket/world.js'

t.test('a message handler that pauses gets no further message until it resumes', async t => {
  const got: unknown[] = []
  const { connect, sockets } = world({
    message(id, data) {
      got.push(data)
      if (data === 'pause') sockets.pause(id)
    },
  })
  const peer = connect()
  peer.send(Buffer.concat([text('pause'), text('a'), ping('p'), text('pause'), text('b')]))
  t.strictSame([got, received(peer)], [['pause'], []])
  sockets.resume(1)
  t.strictSame([got, received(peer)], [['pause', 'a', 'pause'], ['pong 70']])
  peer.send(text('c'))
  sockets.resume(1)
  t.strictSame(got, ['pause', 'a', 'pause', 'b', 'c'])
})

t.test('so does one whose opened pauses', async t => {
  const got: unknown[] = []
  const { connect, sockets } = world({
    opened: id => void sockets.pause(id),
    message: (_id, data) => void got.push(data),
  })
  connect().send(text('early'))
  t.strictSame(got, [])
  sockets.resume(1)
  t.strictSame(got, ['early'])
})

t.test('what comes behind a close frame is not looked at, though its answer waits for zlib', async t => {
  const told: unknown[] = []
  const { connect, simulation, sockets } = world(
    { closed: (_id, code, reason, error) => void told.push([code, reason, codeOf(error)]) },
    { deflate: { threshold: 20 }, headers: { 'sec-websocket-extensions': 'permessage-deflate' } },
  )
  const peer = connect()
  sockets.send(1, 'y'.repeat(100_000))
  peer.send(close(4000, 'first'))
  peer.send(Buffer.concat([close(4001, 'second'), Buffer.of(0xff, 0xff)]))
  while (!peer.ended) {
    await new Promise(resolve => setImmediate(resolve))
    simulation.run()
  }
  t.strictSame(received(peer).slice(1), ['close 4000'])
  t.strictSame(told, [[4000, 'first', undefined]])
})

t.test('a token whose messages came behind a close frame gets an error', async t => {
  const told: unknown[] = []
  const { connect, sockets } = world({
    message(id) {
      sockets.close(id, 4000)
      return ['too late', undefined, 'token']
    },
    sent: (_id, token, error) => void told.push([token, codeOf(error)]),
  })
  const peer = connect()
  peer.send(text('x'))
  t.strictSame(received(peer), ['close 4000'])
  peer.send(close(4000))
  t.strictSame(told, [['token', 'EPIPE']])
})

t.test('so does one whose messages passed maxPending, or wait for zlib when the peer resets', async t => {
  const told: unknown[] = []
  const big = Buffer.alloc(80_000, 1)
  const handlers = {
    message: async () => [[big, big, big], undefined, 'returned'] as const,
    sent: (_id: number, token: unknown, error: Error | undefined) => void told.push([token, codeOf(error)]),
    closed: () => void told.push('closed'),
  }
  const full = world(handlers, { maxPending: 100_000 })
  full.simulation.connect({ paused: true }).send(text('x'))
  await full.simulation.settle()
  t.strictSame(told, [['returned', 'EPIPE'], 'closed'])
  told.length = 0
  const headers = { 'sec-websocket-extensions': 'permessage-deflate' }
  const compressing = world(handlers, { deflate: { threshold: 20 }, headers })
  const peer = compressing.connect()
  compressing.sockets.send(1, 'y'.repeat(100_000), { token: 'first' })
  compressing.sockets.send(1, 'short', { token: 'second' })
  peer.reset()
  t.strictSame(told, [['first', 'EPIPE'], ['second', 'EPIPE'], 'closed'])
})

t.test('a message that cannot be compressed breaks its connection, and none takes its place', async t => {
  const told: unknown[] = []
  const { connect, sockets, simulation } = world(
    {
      sent: (_id, token, error) => void told.push([token, codeOf(error)]),
      closed: (_id, code, _reason, error) => void told.push([code, error?.message]),
    },
    { deflate: { threshold: 20 }, headers: { 'sec-websocket-extensions': 'permessage-deflate' } },
  )
  const peer = connect()
  const deflating = DeflateRaw.prototype as { flush?: unknown }
  deflating.flush = function (this: DeflateRaw) {
    this.emit('error', new Error('no memory'))
  }
  sockets.send(1, 'y'.repeat(1000), { token: 'first' })
  sockets.send(1, 'short', { token: 'second' })
  while (told.length < 3) {
    await new Promise(resolve => setImmediate(resolve))
    simulation.run()
  }
  delete deflating.flush
  t.strictSame(received(peer), [])
  t.strictSame(told, [
    ['first', 'EPIPE'],
    ['second', 'EPIPE'],
    [1006, 'zlib failed to compress'],
  ])
})

t.test('what is not right is named before anything is done', async t => {
  const { connect, sockets } = world({ opened: id => void sockets.subscribe(id, 'all') })
  const peer = connect()
  const bad = sockets as unknown as Record<string, (...all: unknown[]) => unknown>
  const wrong: [code: string, message: RegExp, run: () => unknown][] = [
    ['ERR_OPTION', /topic.*undefined/, () => bad.subscribe?.(1)],
    ['ERR_OPTION', /topic.*number/, () => bad.unsubscribe?.(1, 7)],
    ['ERR_OPTION', /topic.*object/, () => bad.publish?.({}, 'x')],
    ['ERR_OPTION', /slow.*'drop'|slow.*drop/, () => bad.publish?.('all', 'x', { slow: 'drop' })],
    ['ERR_OPTION', /"but"/, () => bad.publish?.('all', 'x', { but: 1 })],
    ['ERR_OPTION', /except.*string/, () => bad.broadcast?.([1], 'x', { except: '1' })],
    ['ERR_OPTION', /null/, () => bad.publish?.('all', 'x', null)],
    ['ERR_OPTION', /1005/, () => sockets.send(1, 'x', { code: 1005 })],
    ['ERR_OPTION', /reason.*number/, () => bad.close?.(1, 1000, 5)],
    ['ERR_REPLY', /action/, () => sockets.send(1, 'x', Action.Detach)],
    ['ERR_REPLY', /action/, () => bad.send?.(1, 'x', { action: 'close' })],
  ]
  for (const [code, message, run] of wrong) t.throws(run, { code, message })
  t.strictSame([received(peer), sockets.topics(1)], [[], ['all']])
})
