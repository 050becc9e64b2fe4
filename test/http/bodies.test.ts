import { setImmediate as turn } from 'node:timers/promises'
import { files, HttpError, type HttpReply, type HttpRequest } from 'revio/http'
import t from 'tap'
import { answersIn, world } from './exchange.js'

const head = (more: string) => `POST / HTTP/1.1\r\nHost: a\r\n${more}\r\n`
const GET = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n'
const STREAM = { bodies: 'stream' } as const

t.test('a body is bytes, text or JSON', async t => {
  const { peer, simulation } = world({
    request: (_id, req) => [{ body: JSON.stringify([req.body.length, req.text(), req.json()]) }],
  })
  peer.send(`${head('Content-Length: 10\r\n')}{"a":"é"}`)
  t.same(JSON.parse(peer.received.split('\r\n\r\n')[1] ?? ''), [10, '{"a":"é"}', { a: 'é' }])
  t.same(simulation.failures, [])
})

t.test('JSON that is none is the mistake of the peer', async t => {
  const { peer, simulation } = world({ request: (_id, req) => [{ body: JSON.stringify(req.json()) }] })
  peer.send(`${head('Content-Length: 3\r\n')}{a}${GET}`)
  t.match(answersIn(peer.received), [{ status: 400 }, { status: 400 }])
  t.same(simulation.failures, [])
})

t.test('a peer that asks whether to go on is told so when its turn comes', async t => {
  const { peer } = world({ request: (_id, req) => [{ body: req.body }] })
  peer.send(`${GET}${head('Expect: 100-continue\r\nContent-Length: 2\r\n')}`)
  t.match(answersIn(peer.received), [{ status: 200 }, { status: 100 }])
  peer.send('ab')
  t.match(answersIn(peer.received), [{ status: 200 }, { status: 100 }, { status: 200, body: 'ab' }])
  const sure = world({ request: (_id, req) => [{ body: req.body }] }).peer
  sure.send(`${head('Expect: 100-Continue\r\nContent-Length: 2\r\n')}ab`)
  t.match(answersIn(sure.received), [{ status: 200, body: 'ab' }])
  const large = world({ request: (_id, req) => [{ body: req.body }] }, { maxBody: 1 }).peer
  large.send(head('Expect: 100-continue\r\nContent-Length: 2\r\n'))
  t.match(answersIn(large.received), [{ status: 413 }])
})

t.test('a program may refuse a body before it is sent', async t => {
  const asks = (path: string) => head('Expect: 100-continue\r\nContent-Length: 2\r\n').replace('/', path)
  const make = () =>
    world({
      request: (_id, req) => [{ body: req.body }],
      expect(_id, req) {
        if (req.path === '/403') return [{ status: 403, body: 'no' }]
        if (req.path === '/stream')
          return [
            {
              status: 403,
              body: (function* () {
                yield 'no'
              })(),
            },
          ]
        if (req.path === '/409') throw new HttpError(409, 'not now')
        if (req.path === '/500') throw new Error('on purpose')
        return undefined
      },
    })
  for (const [path, status, body] of [
    ['/403', 403, 'no'],
    ['/stream', 403, 'no'],
    ['/409', 409, 'not now\n'],
    ['/500', 500, 'Internal Server Error\n'],
  ] as const) {
    const { peer, simulation } = make()
    // A part of the body that comes all the same changes nothing.
    peer.send(`${asks(path)}a`)
    await simulation.settle()
    t.match(answersIn(peer.received), [{ status, body, headers: { connection: 'close' } }], path)
    t.ok(peer.ended, path)
    t.equal(simulation.failures.length, status === 500 ? 1 : 0)
  }
  const { peer } = make()
  peer.send(asks('/fine')).send('ab').send(asks('/fine')).send('cd')
  t.match(answersIn(peer.received), [{ status: 100 }, { body: 'ab' }, { status: 100 }, { body: 'cd' }])
})

t.test('files refuses what it does not serve before it is sent', async t => {
  const { peer } = world(files({ root: '.' }))
  peer.send(head('Expect: 100-continue\r\nContent-Length: 2\r\n'))
  t.match(answersIn(peer.received), [{ status: 405, headers: { allow: 'GET, HEAD', connection: 'close' } }])
})

t.test('a body that is streamed comes as it is sent, both ways', async t => {
  const { simulation, peer } = world({ request: (_id, req) => [{ body: req.stream }] }, STREAM)
  peer.send(`${GET}${head('Transfer-Encoding: chunked\r\n')}`)
  await simulation.settle()
  for (const piece of ['a', 'bc', 'def']) {
    peer.send(`${piece.length}\r\n${piece}\r\n`)
    await turn()
    await simulation.settle()
    t.ok(peer.received.includes(`\r\n${piece}\r\n`), `${piece} is back before the next is sent`)
  }
  peer.send(`0\r\n\r\n${GET}`)
  await turn()
  await simulation.settle()
  t.same(
    answersIn(peer.received).map(({ body }) => body),
    ['', 'abcdef', ''],
  )
  t.notOk(peer.ended)
})

t.test('100 Continue goes out when the body is read, and not at all when it is not', async t => {
  const reads = world({ request: (_id, req) => [{ body: req.stream }] }, STREAM)
  reads.peer.send(head('Expect: 100-continue\r\nContent-Length: 2\r\n'))
  await reads.simulation.settle()
  t.match(reads.peer.received, /100 Continue\r\n\r\n/)
  reads.peer.send('ab')
  await reads.simulation.settle()
  const refuses = world({ request: () => [{ status: 403 }] }, STREAM)
  refuses.peer.send(head('Expect: 100-continue\r\nContent-Length: 2\r\n'))
  await refuses.simulation.settle()
  t.match(answersIn(refuses.peer.received), [{ status: 403, headers: { connection: 'close' } }])
  t.ok(refuses.peer.ended)
})

t.test('a peer waits for a program that reads slowly', async t => {
  let read = (): void => {}
  const { simulation, peer } = world(
    {
      async request(_id, req) {
        let size = 0
        await new Promise<void>(resolve => {
          read = resolve
        })
        for await (const piece of req.stream) size += piece.length
        return [{ body: String(size) }]
      },
    },
    { ...STREAM, maxBody: 1e8 },
  )
  const size = 20_000_000
  peer.send(head(`Content-Length: ${size}\r\n`)).send(Buffer.alloc(size))
  t.ok(peer.unsent > 19_000_000, `${peer.unsent} bytes wait with the peer`)
  read()
  while (peer.received === '') {
    await turn()
    await simulation.settle()
  }
  t.match(answersIn(peer.received), [{ body: String(size) }])
})

t.test('a body that is malformed breaks, in whatever pieces it comes', async t => {
  const text = `${head('Transfer-Encoding: chunked\r\n')}3\r\nabc\r\nx\r\n`
  for (const pieces of [[text], [text.slice(0, 40), text.slice(40)], [...text]]) {
    for (const [how, statuses, request] of [
      ['it is read', [400], async req => [{ body: await textOf(req.stream) }]],
      ['it is not read, by a promise', [200], async () => [{}]],
      ['it is not read', [200], () => [{}]],
    ] as [string, number[], (req: HttpRequest) => HttpReply | Promise<HttpReply>][]) {
      const { peer, simulation } = world({ request: (_id, req) => request(req) }, STREAM)
      for (const piece of pieces) if (!peer.closed && !peer.ended) peer.send(piece)
      await simulation.settle()
      await turn()
      await simulation.settle()
      const got = answersIn(peer.received).map(({ status }) => status)
      t.same(got, statuses, `${how}, ${pieces.length} pieces`)
      t.ok(peer.ended, how)
      t.same(simulation.failures, [])
    }
  }
})

t.test('what is left of a body that nobody reads is thrown away, within limits', async t => {
  const answer = { request: () => [{ body: 'a' }] as const }
  const { simulation, peer } = world(answer, STREAM)
  peer.send(head('Content-Length: 5\r\n'))
  await simulation.settle()
  t.equal(answersIn(peer.received).length, 1, 'the answer does not wait for the body')
  peer.send(`abcde${GET}`)
  await simulation.settle()
  t.equal(answersIn(peer.received).length, 2)
  const huge = world(answer, { ...STREAM, maxBody: 10 })
  huge.peer.send(`${head('Transfer-Encoding: chunked\r\n')}5\r\nabcde\r\n`).send('9\r\nabcdefghi\r\n')
  await huge.simulation.settle()
  t.equal(answersIn(huge.peer.received).length, 1)
  t.ok(huge.peer.ended)
})

t.test('a body that breaks off is an error to whoever reads it', async t => {
  const errors: unknown[] = []
  const handlers = {
    async request(_id: number, req: import('revio/http').HttpRequest) {
      try {
        for await (const _ of req.stream);
        return [{ body: 'whole' }] as const
      } catch (error) {
        errors.push(error)
        throw error
      }
    },
  }
  const malformed = world(handlers, STREAM)
  malformed.peer.send(`${head('Transfer-Encoding: chunked\r\n')}1\r\na\r\n`).send('x\r\n')
  await malformed.simulation.settle()
  await malformed.simulation.settle()
  t.match(answersIn(malformed.peer.received), [{ status: 400, headers: { connection: 'close' } }])
  t.ok(malformed.peer.ended)
  t.type(errors[0], HttpError)
  const slow = world(handlers, STREAM)
  slow.peer.send(`${head('Content-Length: 2\r\n')}a`)
  slow.simulation.advance(30_001)
  await slow.simulation.settle()
  t.match(answersIn(slow.peer.received), [{ status: 408 }])
  const gone = world(handlers, STREAM)
  gone.peer.send(`${head('Content-Length: 2\r\n')}a`)
  gone.peer.reset()
  await gone.simulation.settle()
  t.match(errors[2], { code: 'ECONNRESET' })
})

t.test('who goes away ends what is made for him', async t => {
  let cleaned = false
  let aborted = false
  const { simulation, peer } = world({
    request(_id, req) {
      req.signal.addEventListener('abort', () => {
        aborted = true
      })
      const body = (async function* () {
        try {
          for (;;) yield Buffer.alloc(65_536)
        } finally {
          cleaned = true
        }
      })()
      return [{ body }]
    },
  })
  peer.pause()
  peer.send(GET)
  for (let count = 0; count < 50; count++) {
    await turn()
    simulation.run()
  }
  t.ok(simulation.server.pending(peer.id) < 1_000_000, 'no more is made than fits')
  peer.reset()
  await turn()
  await simulation.settle()
  t.ok(cleaned)
  t.ok(aborted)
  t.same(simulation.failures, [])
})

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const piece of stream) text += piece
  return text
}
