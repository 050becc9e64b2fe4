import { simulate } from 'revio/testing'
import t from 'tap'
import { redis } from '../../../examples/redis/server.js'

t.test('a message reaches all who listen, in the order in which they were sent', async t => {
  const simulation = simulate(redis())
  const [one, two, other, sender] = Array.from({ length: 4 }, () => simulation.connect())
  t.equal(one?.send('SUBSCRIBE news\r\n').take(), '*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n')
  t.equal(two?.send('PSUBSCRIBE n*\r\n').take(), '*3\r\n$10\r\npsubscribe\r\n$2\r\nn*\r\n:1\r\n')
  other?.send('SUBSCRIBE sports\r\n').take()
  t.equal(sender?.send('PUBLISH news hello\r\nPUBLISH news again\r\n').take(), ':2\r\n:2\r\n')
  const message = (text: string) => `*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\n${text}\r\n`
  t.equal(one?.take(), message('hello') + message('again'))
  const matched = (text: string) => `*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$5\r\n${text}\r\n`
  t.equal(two?.take(), matched('hello') + matched('again'))
  t.equal(other?.take(), '')
})

t.test('RESP3 has pushes, and a client that listens may still use all commands', async t => {
  const simulation = simulate(redis())
  const listener = simulation.connect()
  listener.send('HELLO 3\r\nSUBSCRIBE a\r\n').take()
  t.equal(listener.send('SET k v\r\nGET k\r\n').take(), '+OK\r\n$1\r\nv\r\n')
  t.equal(listener.send('PUBLISH a me\r\n').take(), '>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nme\r\n:1\r\n')
  simulation.connect().send('PUBLISH a you\r\n')
  t.equal(listener.take(), '>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$3\r\nyou\r\n')
})

t.test('who has gone gets nothing', async t => {
  const simulation = simulate(redis())
  const sender = simulation.connect()
  const gone = simulation.connect()
  gone.send('SUBSCRIBE a b\r\nPSUBSCRIBE a*\r\n')
  t.equal(sender.send('PUBLISH a 1\r\n').take(), ':2\r\n')
  gone.close()
  t.equal(sender.send('PUBLISH a 1\r\nPUBSUB CHANNELS\r\nPUBSUB NUMPAT\r\n').take(), ':0\r\n*0\r\n:0\r\n')
})

t.test('a listener that does not read is closed, and costs no more than a bounded amount', async t => {
  const simulation = simulate(redis())
  const slow = simulation.connect()
  slow.send('SUBSCRIBE a\r\n')
  slow.pause()
  const sender = simulation.connect()
  const text = 'x'.repeat(1_000_000)
  for (let count = 0; count < 60; count++)
    sender.send(`*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$${text.length}\r\n${text}\r\n`)
  t.ok(simulation.server.pending(slow.id) < 34 * 1024 * 1024)
  simulation.advance(60_000)
  t.equal(simulation.server.connections, 1)
})
