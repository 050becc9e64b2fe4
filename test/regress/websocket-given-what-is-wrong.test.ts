import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { Action } from '../../lib/index.js'
import { websocket } from '../../lib/websocket/index.js'
import { close, readFrames, text } from '../websocket/frames.js'
import { codeOf, received, request, world } from '../websocket/world.js'

t.test('a misspelt option of a close request or a send is named, and nothing is sent', async t => {
  const { connect, sockets } = world({})
  const peer = connect()
  const bad = sockets as unknown as Record<string, (...all: unknown[]) => unknown>
  const wrong: [code: string, message: RegExp, run: () => unknown][] = [
    ['ERR_OPTION', /close request.*"kode".*code, reason/, () => bad.send?.(1, 'x', { kode: 4000 })],
    ['ERR_OPTION', /close request.*"reson"/, () => bad.send?.(1, 'x', { action: { reson: 'x' } })],
    ['ERR_OPTION', /send.*"code".*action, token/, () => bad.send?.(1, 'x', { code: 4000, token: 1 })],
    ['ERR_REPLY', /is not an action/, () => bad.send?.(1, 'x', [Action.Close])],
    ['ERR_OPTION', /ids.*number/, () => bad.broadcast?.(5, 'x')],
    ['ERR_OPTION', /ids.*undefined/, () => bad.broadcast?.(undefined, 'x')],
  ]
  for (const [code, message, run] of wrong) t.throws(run, { code, message })
  t.strictSame(received(peer), [])
})

t.test('so it is when a handler returns it, or what is no reply', async t => {
  const replies: [reply: unknown, message: RegExp][] = [
    [[null, { kode: 4000 }], /"kode"/],
    [[null, [Action.Close]], /is not an action/],
    ['bare', /message returned a string: expected nothing or \[out, action, token\]/],
    [5, /message returned a number/],
    [null, /message returned null/],
    [{ out: 'x' }, /message returned an object/],
  ]
  for (const [reply, message] of replies) {
    const told: Error[] = []
    const { connect } = world({ message: () => reply as never, failed: error => void told.push(error) })
    const peer = connect()
    peer.send(text('x'))
    t.strictSame(received(peer), ['close 1011'])
    t.equal(told.length, 1)
    t.match(told[0]?.message, message)
  }
})

t.test('options are checked when the handlers are made, not when the first client comes', async t => {
  const wrong: [options: object, message: RegExp][] = [
    [{ writeTimeout: -1 }, /writeTimeout/],
    [{ keepAlive: '5' }, /keepAlive/],
    [{ keepAlive: Number.POSITIVE_INFINITY }, /keepAlive.*Infinity/],
    [{ noDelay: 1 }, /noDelay.*number/],
    [{ reuseInputBuffer: 'yes' }, /reuseInputBuffer.*string/],
    [{ pingInterval: null }, /pingInterval.*null/],
    [{ deflate: { contextTakeover: 1 } }, /contextTakeover.*number/],
  ]
  for (const [options, message] of wrong) {
    t.throws(() => websocket({}, options as never), { code: 'ERR_OPTION', message })
  }
  const { connect } = world({ message: (_id, data) => [data] }, {
    pingInterval: undefined,
    deflate: { level: undefined, threshold: undefined },
    noDelay: undefined,
  } as never)
  const peer = connect()
  peer.send(text('defaults'))
  t.strictSame(received(peer), ['text defaults'])
})

t.test('hooks may answer by any thenable', async t => {
  const later = <Value>(value: Value) => ({
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about
    then: (resolve: (value: Value) => void) => void setImmediate(resolve, value),
  })
  const origin = () => later(true) as unknown as Promise<boolean>
  const subprotocol = () => later('b') as unknown as Promise<string>
  const offer = request({ 'sec-websocket-protocol': 'a, b' })
  const answer = await websocket({}, { origin, subprotocol })(1, offer)
  t.match(answer[2]?.headers, { 'sec-websocket-protocol': 'b' })
})

t.test('a message that lies about its length is compressed as it is', async t => {
  class Liar extends Uint8Array {
    override get length(): number {
      return 5
    }
  }
  const data = new Liar(1000).fill(7)
  const { connect, sockets, simulation } = world(
    {},
    { deflate: { threshold: 20 }, headers: { 'sec-websocket-extensions': 'permessage-deflate' } },
  )
  const peer = connect()
  sockets.send(1, data)
  while (peer.receivedBytes.length === 0) {
    await new Promise(resolve => setImmediate(resolve))
    simulation.run()
  }
  const [frame] = readFrames(peer.receivedBytes)
  t.ok(frame?.rsv1)
  t.ok((frame?.payload.length ?? 0) < deflateRawSync(Buffer.alloc(1000, 7)).length + 10)
  t.throws(() => sockets.ping(1, new Liar(126)), { code: 'ERR_OPTION' })
})

t.test('the answer to a close frame is read though the program has paused', async t => {
  const told: unknown[] = []
  const { connect, sockets, simulation } = world({
    message: () => void t.fail('it was paused'),
    closed: (_id, code, reason, error) => void told.push([code, reason, codeOf(error)]),
  })
  const peer = connect()
  t.ok(sockets.pause(1))
  peer.send(text('not read'))
  t.ok(sockets.close(1, 4000))
  t.notOk(sockets.pause(1), 'it is not open any more')
  t.notOk(sockets.resume(1))
  peer.send(close(4000, 'yes'))
  simulation.run()
  t.ok(peer.ended)
  t.strictSame(told, [[4000, 'yes', undefined]])
})

t.test('a connection resumed by the loop stays paused by its own sockets, and spins for nobody', async t => {
  const got: unknown[] = []
  const { connect, sockets, server } = world({ message: (_id, data) => void got.push(data) })
  const peer = connect()
  sockets.pause(1)
  peer.send(text('a'))
  server.resume(1)
  t.strictSame(got, [])
  sockets.resume(1)
  t.strictSame(got, ['a'])
})
