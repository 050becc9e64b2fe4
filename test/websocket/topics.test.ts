import t from 'tap'
import { serve } from '../../lib/index.js'
import type { Peer } from '../../lib/testing.js'
import type { WebSocketHandlers } from '../../lib/websocket/index.js'
import { close, text } from './frames.js'
import { received, world } from './world.js'

/** Joins the topic that a client names, and says to all others there what it hears. */
function room(options = {}) {
  const handlers: WebSocketHandlers = {
    message(id, data) {
      const [word, topic = '', words = ''] = String(data).split(' ')
      if (word === 'join') sockets.subscribe(id, topic)
      else if (word === 'leave') sockets.unsubscribe(id, topic)
      else return [`to ${sockets.publish(topic, words, { except: id })}`]
      return undefined
    },
  }
  const made = world(handlers, options)
  const { sockets } = made
  return made
}

t.test('subscribers of a topic get what is published, and nobody else', async t => {
  const { sockets, connect } = room()
  const peers = [connect(), connect(), connect(), connect()] as [Peer, Peer, Peer, Peer]
  for (const peer of peers.slice(0, 3)) peer.send(text('join tea'))
  peers[3].send(text('join coffee'))
  t.equal(sockets.subscribers('tea'), 3)
  peers[0].send(text('say tea hello'))
  t.strictSame(peers.map(received), [['text to 2'], ['text hello'], ['text hello'], []])
  t.notOk(sockets.subscribe(1, 'tea'), 'already')
  t.strictSame(sockets.topics(1), ['tea'])
  peers[1].send(text('leave tea'))
  t.notOk(sockets.unsubscribe(2, 'tea'), 'no more')
  peers[2].send(close(1000))
  t.equal(sockets.publish('tea', Buffer.of(7)), 1)
  t.equal(received(peers[0]).at(-1), 'binary 07')
  t.equal(sockets.broadcast([1, 2, 3, 4, 99], 'all'), 3)
  peers[0].reset()
  t.equal(sockets.subscribers('tea'), 0)
  t.equal(sockets.publish('tea', 'nobody'), 0)
})

t.test('what is published from a handler stands in order with what it sends', async t => {
  const { sockets, connect } = world({
    opened: id => void sockets.subscribe(id, 'all'),
    message(id, data) {
      sockets.send(id, `${data} 1`)
      sockets.publish('all', `${data} 2 ${'.'.repeat(600)}`)
      return [`${data} 3`]
    },
  })
  const peer = connect()
  peer.send(Buffer.concat([text('a'), text('b')]))
  t.strictSame(
    received(peer).map(each => each.slice(5, 8)),
    ['a 1', 'a 2', 'a 3', 'b 1', 'b 2', 'b 3'],
  )
})

t.test('peers that read too slowly are passed by, queued for, or closed', async t => {
  const big = Buffer.alloc(50_000, 1)
  for (const slow of ['queue', 'skip', 'close'] as const) {
    const told: unknown[] = []
    const { sockets, simulation, connect } = world(
      {
        opened: id => void sockets.subscribe(id, 'all'),
        closed: (id, code, _reason, error) =>
          void told.push([id, code, error?.message.includes('maxPending') ?? false]),
      },
      { slow, highWaterMark: 100_000, maxPending: 1_000_000, closeTimeout: 1000 },
    )
    const deaf = simulation.connect({ paused: true })
    const good = connect()
    let sent = 0
    for (let round = 0; round < 40; round++) sent += sockets.publish('all', big)
    t.equal(received(good).length, 40, slow)
    if (slow === 'queue') t.strictSame(told, [[1, 1006, true]], 'up to maxPending')
    if (slow === 'skip') {
      t.ok(sent > 40 && sent < 50)
      t.strictSame(told, [])
      deaf.resume()
      simulation.run()
      t.equal(received(deaf).length, sent - 40, 'whole messages, in order')
      t.equal(sockets.publish('all', big), 2, 'it is no longer slow')
    }
    if (slow === 'close') {
      t.equal(sockets.publish('all', big), 1)
      simulation.advance(2500)
      t.strictSame(told, [[1, 1006, false]])
    }
  }
})

t.test('ten thousand subscribers', async t => {
  const { sockets, connect, simulation } = world({ opened: id => void sockets.subscribe(id, 'all') })
  const peers = Array.from({ length: 10_000 }, connect)
  t.equal(sockets.subscribers('all'), 10_000)
  t.equal(sockets.publish('all', 'to everybody'), 10_000)
  t.equal(sockets.publish('all', 'x'.repeat(2000)), 10_000)
  t.ok(peers.every(peer => peer.receivedBytes.length === 2 + 12 + 4 + 2000))
  for (const peer of peers) peer.reset()
  t.equal(sockets.subscribers('all'), 0)
  t.equal(sockets.size, 0)
  simulation.server.shutdown()
})

t.test('output that is shared takes its memory once', async t => {
  const running = serve({}, 'tcp4://127.0.0.1:0')
  const server = await running.listening
  const { connect } = await import('node:net')
  const port = server.addresses[0]?.port ?? 0
  const clients = await Promise.all(
    Array.from({ length: 100 }, () => {
      const socket = connect(port, '127.0.0.1').pause()
      return new Promise<typeof socket>(resolve => socket.once('connect', () => resolve(socket)))
    }),
  )
  while (server.connections < 100) await new Promise(resolve => setImmediate(resolve))
  const frame = Buffer.alloc(8 << 20, 5)
  const before = process.memoryUsage().rss
  for (let id = 1; id <= 100; id++) t.ok(server.send(id, frame, { shared: true }))
  await new Promise(resolve => setImmediate(resolve))
  const grown = process.memoryUsage().rss - before
  t.ok(server.pending(1) > 1 << 20, 'most of it waits')
  t.ok(grown < 200 << 20, `${grown >> 20} MiB for 100 times 8 MiB`)
  t.throws(() => server.send(1, frame, { share: true } as never), { code: 'ERR_REPLY' })
  for (const client of clients) client.destroy()
  server.shutdown()
  await running
})
