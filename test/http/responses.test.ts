import { Action } from 'revio'
import { type HeaderList, HttpError, type HttpResponse } from 'revio/http'
import t from 'tap'
import { answersIn, world } from './exchange.js'

const request = (method: string, version = '1.1') => `${method} / HTTP/${version}\r\nHost: a\r\n\r\n`

/** What a peer gets for a response: in full, and what became of the connection. */
async function respond(response: HttpResponse, sent = request('GET')) {
  const { simulation, peer } = world({ request: () => [response] })
  peer.send(sent)
  await simulation.settle()
  return { text: peer.received, ended: peer.ended, error: peer.error, failures: simulation.failures }
}

async function* pieces() {
  yield 'ab'
  yield Buffer.from('c')
  yield ''
  yield 'dé'
}

t.test('bodies of every kind arrive whole', async t => {
  const bodies: Readonly<
    Record<string, readonly [body: HttpResponse['body'], text: string, counted: boolean]>
  > = {
    none: [undefined, '', true],
    null: [null, '', true],
    'a string': ['grüß', 'grüß', true],
    bytes: [new Uint8Array([97, 98]), 'ab', true],
    'a list': [['a', Buffer.from('b'), 'ç'], 'abç', true],
    'an empty list': [[], '', true],
    'a Blob': [new Blob(['blob']) as never, 'blob', true],
    'an async generator': [pieces(), 'abcdé', false],
    'a Set': [new Set(['a', 'b']), 'ab', false],
    'a ReadableStream': [new Blob(['stream']).stream() as never, 'stream', false],
  }
  for (const [name, [body, text, counted]] of Object.entries(bodies)) {
    const result = await respond({ body })
    const [answer] = answersIn(Buffer.from(result.text).toString('latin1'))
    t.equal(Buffer.from(answer?.body ?? '', 'latin1').toString(), text, name)
    t.equal(answer?.headers['content-length'], counted ? String(Buffer.byteLength(text)) : undefined, name)
    t.notOk(result.ended, `${name}: the connection stays`)
  }
})

t.test('HEAD, 204 and 304 have no body', async t => {
  let begun = 0
  const body = (async function* () {
    begun++
    yield 'a'
  })()
  t.match((await respond({ body: 'abc' }, request('HEAD'))).text, /Content-Length: 3\r\n\r\n$/)
  t.match((await respond({ body }, request('HEAD'))).text, /Transfer-Encoding: chunked\r\n\r\n$/)
  t.match(
    (await respond({ headers: { 'content-length': 7 } }, request('HEAD'))).text,
    /Content-Length: 7\r\n\r\n$/,
  )
  for (const status of [204, 304]) {
    const { text } = await respond({ status, body: 'abc' })
    t.match(text, /\r\n\r\n$/)
    t.notMatch(text, /Content-Length|Transfer-Encoding/)
  }
  for (const content of ['abc', body, Buffer.from('abc'), '']) {
    const { text } = await respond({ status: 205, body: content })
    t.match(text, /Content-Length: 0\r\n\r\n$/, 'no content, which 205 has to say')
  }
  t.equal(begun, 0, 'what would have been sent is not made')
})

t.test('HTTP/1.0 gets no chunks, and the end of the connection says where a stream ends', async t => {
  const { text, ended } = await respond({ body: pieces() }, request('GET', '1.0'))
  t.match(text, /Connection: close\r\n\r\nabcdé$/)
  t.ok(ended)
  const kept = await respond({ body: 'a' }, 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  t.match(kept.text, /Connection: keep-alive\r\n\r\na$/)
  for (const both of ['keep-alive, close', 'Close ,keep-alive', 'keep-alive\r\nConnection: close']) {
    const closed = await respond({ body: 'a' }, `GET / HTTP/1.0\r\nConnection: ${both}\r\n\r\n`)
    t.match(closed.text, /Connection: close\r\n\r\na$/, both)
  }
  t.notOk(kept.ended)
})

t.test('fields go out as they were given', async t => {
  for (const headers of [
    { 'X-A': 'b', 'set-cookie': ['a=1', 'b=2'], 'x-n': 5, 'x-u': undefined },
    [
      ['X-A', 'b'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-n', '5'],
    ] as const,
    new Map([
      ['X-A', 'b'],
      ['set-cookie', 'a=1\u00ff'],
      ['x-n', '5'],
    ]),
  ]) {
    const { text } = await respond({ headers })
    t.match(text, /^HTTP\/1\.1 200 OK\r\n(x-a: b\r\nset-cookie: a=1[\s\S]*x-n: 5)\r\nDate: /i)
  }
  const fetched = new Headers([
    ['x-a', 'b'],
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
  ])
  t.match(
    (await respond({ headers: fetched as never })).text,
    /set-cookie: a=1\r\nset-cookie: b=2\r\nx-a: b\r\n/,
  )
  const latin1 = world({ request: () => [{ headers: { x: '\u00e9' }, body: 'é' }] })
  latin1.peer.send(request('GET'))
  t.match(latin1.peer.receivedBytes.toString('latin1'), /x: \u00e9\r\n[\s\S]*\r\n\r\n\u00c3\u00a9$/)
})

t.test('what must not go out is an error of the program', async t => {
  for (const response of [
    { headers: { a: 'b\r\nc: d' } },
    { headers: { a: 'b\0' } },
    { headers: { a: 'b\n' } },
    { headers: { 'a b': 'c' } },
    { headers: { '': 'c' } },
    { headers: { a: '\u20ac' } },
    { headers: { 'a\r\nb': 'c' } },
    { headers: { 'content-length': '1' }, body: 'ab' },
    { headers: { 'content-length': '-1' } },
    { headers: { 'transfer-encoding': 'gzip' } },
    { headers: 5 },
    { status: 99 },
    { status: 101 },
    { status: 600 },
    { status: 200.5 },
    { body: 5 },
    { body: ['a', 5] },
    { body: 'a', trailers: { a: '\n' } },
  ] as never[]) {
    const { text, ended, failures } = await respond(response)
    t.match(
      text,
      /^HTTP\/1\.1 500 Internal Server Error\r\n[^\0]*\r\n\r\nInternal Server Error\n$/,
      JSON.stringify(response),
    )
    t.ok(ended)
    t.match(failures, [{ error: { code: 'ERR_REPLY' } }])
  }
})

t.test('trailers follow chunks', async t => {
  const counted = await respond({ body: 'abc', trailers: { 'x-sum': '1' } })
  t.match(counted.text, /\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n$/)
  let sum = 0
  const body = (async function* () {
    for (const text of ['a', 'b']) {
      sum++
      yield text
    }
  })()
  const streamed = await respond({ body, trailers: () => ({ 'x-sum': sum }) })
  t.match(streamed.text, /1\r\na\r\n1\r\nb\r\n0\r\nx-sum: 2\r\n\r\n$/)
})

t.test('a stream that breaks off is no whole response', async t => {
  const broken = (async function* () {
    yield 'a'
    throw new Error('broken')
  })()
  const { error, failures } = await respond({ body: broken })
  t.match(error, { code: 'ECONNRESET' })
  t.match(failures, [{ error: { message: 'broken' } }])
  const short = await respond({ body: pieces(), headers: { 'content-length': '9' } })
  t.match(short.failures, [{ error: { code: 'ERR_REPLY' } }])
  const long = await respond({ body: pieces(), headers: { 'content-length': '2' } })
  t.match(long.failures, [{ error: { code: 'ERR_REPLY' } }])
  const exact = await respond({ body: pieces(), headers: { 'content-length': '6' } })
  t.match(exact.text, /Content-Length: 6\r\n\r\nabcdé$/)
})

t.test('what a handler throws is answered and reported; an HttpError is an answer', async t => {
  for (const handler of [
    () => {
      throw new Error('thrown')
    },
    async () => {
      throw new Error('thrown')
    },
  ]) {
    const { simulation, peer } = world({ request: handler })
    peer.send(request('GET') + request('GET'))
    await simulation.settle()
    t.same(
      answersIn(peer.received).map(({ status }) => status),
      [500],
    )
    t.ok(peer.ended)
    t.match(simulation.failures, [{ error: { message: 'thrown' } }])
  }
  const { simulation, peer } = world({
    request() {
      throw new HttpError(404, 'no such thing')
    },
  })
  peer.send(request('GET') + request('HEAD'))
  t.match(answersIn(peer.received, ['GET', 'HEAD']), [
    { status: 404, body: 'no such thing\n' },
    { status: 404 },
  ])
  t.notOk(peer.ended)
  t.same(simulation.failures, [])
})

t.test('an HttpError has header fields; invalid ones are a fault of the handler', async t => {
  const failing = (headers: HeaderList) =>
    world({
      request() {
        throw new HttpError(405, 'no', { headers })
      },
    })
  for (const headers of [
    { allow: ['GET', 'HEAD'], 'Content-Type': 'a/b' },
    new Headers({ allow: 'GET, HEAD' }),
  ]) {
    const { simulation, peer } = failing(headers)
    peer.send(request('GET') + request('GET'))
    t.match(peer.received, /^HTTP\/1.1 405 [\s\S]*allow: GET(, |\r\nallow: )HEAD\r\n[\s\S]*no\n$/)
    t.equal(peer.received.match(/content-type/gi)?.length, 2, 'one of each response')
    t.notOk(peer.ended)
    t.same(simulation.failures, [])
  }
  for (const headers of [{ 'a b': 'c' }, { allow: 'GET\r\nx: y' }, { 'content-length': 1 }]) {
    const { simulation, peer } = failing(headers as HeaderList)
    peer.send(request('GET') + request('GET'))
    t.match(answersIn(peer.received), [{ status: 500 }])
    t.ok(peer.ended)
    t.match(simulation.failures, [{ error: { code: 'ERR_REPLY' } }])
  }
  t.throws(() => new HttpError(401, 'no', { headers: 'x' as never }), {
    code: 'ERR_OPTION',
    message: /headers must be an object/,
  })
})

t.test('actions and tokens', async t => {
  const sent: unknown[] = []
  const { peer } = world({
    request: (_id, req) => [{ body: 'a' }, req.path === '/close' ? Action.Close : Action.None, req.path],
    sent: (_id, token, error) => void sent.push([token, error]),
  })
  peer.send(
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /close HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
  )
  t.same(
    answersIn(peer.received).map(({ headers }) => headers.connection),
    [undefined, 'close'],
  )
  t.ok(peer.ended)
  t.same(sent, [
    ['/1', undefined],
    ['/close', undefined],
  ])
})
