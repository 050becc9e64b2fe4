import { setImmediate as turn } from 'node:timers/promises'
import type { HttpRequest } from 'revio/http'
import t from 'tap'
import { answersIn, type World, world } from './exchange.js'

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

const POST = 'POST / HTTP/1.1\r\nHost: a\r\n'
const reads = {
  async request(_id: number, req: HttpRequest) {
    let size = 0
    for await (const piece of req.stream) size += piece.length
    return [{ body: String(size) }] as const
  },
}

/** Sends a byte every `every` ms until the peer is closed, for `ms` at most; what it got, and when it was closed. */
async function dribble({ simulation, peer }: World, { every, ms }: { every: number; ms: number }) {
  while (!peer.ended && simulation.now < ms) {
    peer.send('x')
    await simulation.settle()
    simulation.advance(every)
    await simulation.settle()
  }
  return { statuses: answersIn(peer.received).map(({ status }) => status), now: simulation.now }
}

t.test('a request that dribbles in time for each byte has no time without end', async t => {
  for (const options of [{}, { bodies: 'stream' }] as const) {
    const body = world(reads, options)
    body.peer.send(`${POST}Content-Length: 1000\r\n\r\n`)
    t.same(await dribble(body, { every: 20_000, ms: 1_000_000 }), { statuses: [408], now: 300_000 })
    t.match(body.peer.received, 'the request came too slowly')

    const head = world(reads, { ...options, headTimeout: Number.POSITIVE_INFINITY, requestTimeout: 100_000 })
    head.peer.send(POST)
    t.same(await dribble(head, { every: 1000, ms: 1_000_000 }), { statuses: [408], now: 100_000 })

    const both = world(reads, options)
    both.peer.send(POST)
    both.simulation.advance(25_000)
    both.peer.send('Content-Length: 1000\r\n\r\n')
    const whole = await dribble(both, { every: 25_000, ms: 1_000_000 })
    t.same(whole, { statuses: [408], now: 300_000 }, 'it counts from the first byte of the head')
  }
})

t.test('an answered request whose body still dribbles is closed in time, too', async t => {
  const early = world({ request: () => [{ body: 'no' }] }, { bodies: 'stream' })
  early.peer.send(`${POST}Content-Length: 1000\r\n\r\n`)
  t.same(await dribble(early, { every: 20_000, ms: 1_000_000 }), { statuses: [200], now: 300_000 })
})

t.test('an upload may take hours where the program says so', async t => {
  const upload = world(reads, { bodies: 'stream', requestTimeout: Number.POSITIVE_INFINITY })
  upload.peer.send(`${POST}Content-Length: 1000\r\n\r\n`)
  t.match(await dribble(upload, { every: 29_000, ms: 7_200_000 }), { statuses: [] })
  upload.peer.send('x'.repeat(900))
  await upload.simulation.settle()
  t.match(answersIn(upload.peer.received), [{ status: 200, body: '1000' }])
})

t.test('each request of a connection has its own time', async t => {
  for (const options of [{}, { bodies: 'stream' }] as const) {
    const { simulation, peer } = world(reads, options)
    // The end of each comes with the beginning of the next.
    peer.send(`${POST}Content-Length: 10\r\n\r\n`)
    for (let count = 0; count < 5; count++) {
      for (let byte = 0; byte < 9; byte++) {
        simulation.advance(20_000)
        peer.send('x')
        await simulation.settle()
      }
      simulation.advance(20_000)
      peer.send(`x${POST}`)
      await simulation.settle()
      simulation.advance(20_000)
      peer.send('Content-Length: 10\r\n\r\n')
      await simulation.settle()
    }
    const answers = answersIn(peer.received).map(({ status, body }) => `${status} ${body}`)
    t.same(answers, Array<string>(5).fill('200 10'))
    t.notOk(peer.ended)
  }
})

t.test('a head that begins behind the end of another has all its time', async t => {
  const { simulation, peer } = world(handlers)
  peer.send(HEAD)
  simulation.advance(29_000)
  peer.send(`\r\n${HEAD}`)
  simulation.advance(29_000)
  peer.send('\r\n')
  t.match(answersIn(peer.received), [{ status: 200 }, { status: 200 }])
})

t.test('the time of a request stands still while the program takes nothing', async t => {
  let read = (): void => {}
  const upload = world(
    {
      async request(_id, req) {
        await new Promise<void>(resolve => {
          read = resolve
        })
        return reads.request(0, req)
      },
    },
    { bodies: 'stream' },
  )
  const { simulation, peer } = upload
  peer.send(`${POST}Content-Length: 1000000\r\n\r\n`)
  for (let count = 0; count < 10; count++) {
    simulation.advance(20_000)
    peer.send('x'.repeat(50_000))
  }
  await simulation.settle()
  simulation.advance(1_000_000)
  t.notOk(peer.ended, 'the program has all the time it wants')
  read()
  for (let waited = 0; waited < 5; waited++) {
    await simulation.settle()
    await turn()
  }
  // 300 000 bytes filled the room for them after 120 s; the other 180 s are left.
  t.same(await dribble(upload, { every: 20_000, ms: 2_000_000 }), { statuses: [408], now: 1_380_000 })
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
