import t from 'tap'
import { answersIn, world } from './exchange.js'

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n'
const handlers = { request: () => [{ body: 'a' }] as const }

/** What a peer that sends `text`, and then nothing, has got some time later. */
function after(ms: number, text: string) {
  const { simulation, peer } = world(handlers)
  if (text !== '') peer.send(text)
  simulation.advance(ms)
  return { statuses: answersIn(peer.received).map(({ status }) => status), ended: peer.ended }
}

t.test('a peer that is too slow is told, and one that says nothing is not', async t => {
  t.same(after(29_999, ''), { statuses: [], ended: false })
  t.same(after(30_001, ''), { statuses: [], ended: true })
  t.same(after(29_999, HEAD), { statuses: [], ended: false })
  t.same(after(30_001, HEAD), { statuses: [408], ended: true })
  t.same(after(59_999, `${HEAD}\r\n`), { statuses: [200], ended: false })
  t.same(after(60_001, `${HEAD}\r\n`), { statuses: [200], ended: true })
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na'
  t.same(after(29_999, post), { statuses: [], ended: false })
  t.same(after(30_001, post), { statuses: [408], ended: true })
})

t.test('a head that dribbles has no more time than another', async t => {
  const { simulation, peer } = world(handlers)
  for (const byte of HEAD) {
    if (peer.ended) break
    peer.send(byte)
    simulation.advance(1500)
  }
  t.same(
    answersIn(peer.received).map(({ status }) => status),
    [408],
  )
  t.ok(simulation.now < 35_000)
})

t.test('a body that moves has the time that it takes', async t => {
  const { simulation, peer } = world({ request: (_id, req) => [{ body: req.body }] })
  peer.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n')
  for (const byte of 'abcde') {
    simulation.advance(20_000)
    peer.send(byte)
  }
  t.match(answersIn(peer.received), [{ status: 200, body: 'abcde' }])
})

t.test('requests in between put the end off', async t => {
  const { simulation, peer } = world(handlers)
  for (let count = 0; count < 10; count++) {
    peer.send(`${HEAD}\r\n`)
    simulation.advance(50_000)
  }
  t.equal(answersIn(peer.received).length, 10)
  t.notOk(peer.ended)
  simulation.advance(10_001)
  t.ok(peer.ended)
})

t.test('a handler has all the time it wants', async t => {
  const { simulation, peer } = world({ request: () => new Promise(() => {}) })
  peer.send(`${HEAD}\r\n`)
  simulation.advance(1_000_000)
  t.notOk(peer.ended)
})
