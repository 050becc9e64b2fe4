import { setImmediate as turn } from 'node:timers/promises'
import type { HttpRequest } from 'revio/http'
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

t.test('what is no byte of a body gives it no more time', async t => {
  const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
  for (const options of [{}, { bodies: 'stream' }] as const) {
    for (const begin of [`${chunked}1;`, `${chunked}1\r\na\r\n1;`, `${chunked}1\r\na\r\n0\r\nA: `]) {
      const request = async (_id: number, req: HttpRequest) => {
        if (options.bodies === 'stream') for await (const _ of req.stream);
        return [{}] as const
      }
      const { simulation, peer } = world({ request }, options)
      peer.send(begin)
      while (!peer.ended && simulation.now < 100_000) {
        peer.send('x')
        await simulation.settle()
        simulation.advance(5000)
        await simulation.settle()
      }
      t.match(answersIn(peer.received), [{ status: 408 }], begin)
      t.ok(simulation.now < 40_000, `${simulation.now} ms`)
    }
  }
})

t.test('a peer that stalls behind a program that was slow runs out of time', async t => {
  let read = (): void => {}
  const { simulation, peer } = world(
    {
      async request(_id, req) {
        await new Promise<void>(resolve => {
          read = resolve
        })
        for await (const _ of req.stream);
        return [{}]
      },
    },
    { bodies: 'stream' },
  )
  peer.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(600_000)}`)
  await simulation.settle()
  simulation.advance(100_000)
  t.notOk(peer.ended, 'the program has all the time it wants')
  read()
  for (let waited = 0; waited < 20 && !peer.ended; waited++) {
    await simulation.settle()
    await turn()
    simulation.advance(2000)
  }
  t.match(answersIn(peer.received), [{ status: 408 }])
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
