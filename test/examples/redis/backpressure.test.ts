import { simulate } from 'revio/testing'
import t from 'tap'
import { redis } from '../../../examples/redis/server.js'

const VALUE = 'v'.repeat(100_000)
const REPLY = `$${VALUE.length}\r\n${VALUE}\r\n`
const GETS = 500

t.test(
  'a client that asks for much and reads little costs a bounded amount, and gets all in the end',
  async t => {
    const simulation = simulate(redis())
    const slow = simulation.connect()
    slow.send(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n${REPLY}`)
    t.equal(slow.take(), '+OK\r\n')
    slow.pause()
    slow.send('GET a\r\n'.repeat(GETS))
    const pending = simulation.server.pending(slow.id)
    t.ok(pending > 500_000 && pending < 1_500_000, `${pending} bytes`)
    slow.send(`ECHO ${'e'.repeat(50_000)}\r\n`)
    t.equal(simulation.server.pending(slow.id), pending, 'nothing more is done for it')
    slow.resume()
    const received = slow.take()
    t.equal(received.length, GETS * REPLY.length + 50_000 + 10)
    t.ok(received.startsWith(REPLY.repeat(GETS)))
  },
)

t.test('others are served meanwhile', async t => {
  const simulation = simulate(redis())
  const slow = simulation.connect()
  slow.send(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n${REPLY}`).pause()
  slow.send('GET a\r\n'.repeat(GETS))
  t.equal(simulation.connect().send('PING\r\n').received, '+PONG\r\n')
})

t.test('a client that ends after its commands gets all replies', async t => {
  for (const seed of [undefined, 1, 2, 3]) {
    const simulation = simulate(redis(), seed === undefined ? {} : { seed })
    const peer = simulation.connect()
    peer.send(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n${REPLY}`)
    peer.send('GET a\r\n'.repeat(GETS)).end()
    simulation.run()
    t.equal(peer.received.length, '+OK\r\n'.length + GETS * REPLY.length, `seed ${seed}`)
    t.ok(peer.ended)
  }
})
