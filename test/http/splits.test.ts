import type { HttpRequest } from 'revio/http'
import t from 'tap'
import { answersIn, sendEach, world } from './exchange.js'

/** What a handler sees of a request. */
function seen(req: HttpRequest) {
  const { method, target, path, version, host } = req
  const body = req.body.toString('latin1')
  return { method, target, path, version, host, body, headers: req.headers.raw, trailers: req.trailers.raw }
}

const MESSAGES = [
  'GET /a?b=c HTTP/1.1\r\nHost: h\r\nEmpty:\r\nBlank: \t \r\nX: a b \t\r\n\r\n',
  'POST /length HTTP/1.1\r\nhost: h\r\nContent-Length: 5\r\n\r\nabcde',
  '\r\nPUT /chunked HTTP/1.1\r\nHost:h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\nE:\r\n\r\n',
  'HEAD http://other:81/p?q HTTP/1.1\r\nHost: h\r\nLast:\r\n\r\n',
  'M-SEARCH /\xe9 HTTP/1.1\r\nHost: h\r\nX: \xe9\r\n\r\n'.replace('/\xe9', '/e'),
  'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
]

const bytes = Buffer.from(MESSAGES.join(''), 'latin1')

function run(pieces: readonly Buffer[]): { requests: unknown[]; answers: unknown[]; closed: boolean } {
  const requests: unknown[] = []
  const { peer } = world({
    request(_id, req) {
      requests.push(seen(req))
      return [{ body: req.path }]
    },
  })
  sendEach(peer, pieces)
  const methods = ['GET', 'POST', 'PUT', 'HEAD', 'M-SEARCH', 'GET']
  const answers = answersIn(peer.received, methods).map(({ status, body }) => ({ status, body }))
  return { requests, answers, closed: peer.ended }
}

const whole = run([bytes])

t.test('requests are seen as they were sent', async t => {
  t.matchOnly(whole.requests, [
    {
      method: 'GET',
      target: '/a?b=c',
      path: '/a',
      version: '1.1',
      host: 'h',
      body: '',
      headers: [
        ['Host', 'h'],
        ['Empty', ''],
        ['Blank', ''],
        ['X', 'a b'],
      ],
      trailers: [],
    },
    {
      method: 'POST',
      target: '/length',
      body: 'abcde',
      headers: Array,
      trailers: [],
      path: String,
      version: '1.1',
      host: 'h',
    },
    {
      method: 'PUT',
      target: '/chunked',
      path: '/chunked',
      version: '1.1',
      host: 'h',
      body: 'abc0123456789',
      headers: [
        ['Host', 'h'],
        ['Transfer-Encoding', 'chunked'],
      ],
      trailers: [
        ['T', '1'],
        ['E', ''],
      ],
    },
    {
      method: 'HEAD',
      target: 'http://other:81/p?q',
      path: '/p',
      host: 'other:81',
      body: '',
      headers: Array,
      trailers: [],
      version: '1.1',
    },
    {
      method: 'M-SEARCH',
      target: '/e',
      path: '/e',
      host: 'h',
      body: '',
      headers: Array,
      trailers: [],
      version: '1.1',
    },
    {
      method: 'GET',
      target: '/',
      path: '/',
      host: 'h',
      body: '',
      headers: Array,
      trailers: [],
      version: '1.1',
    },
  ])
  t.same(
    whole.answers,
    ['/a', '/length', '/chunked', '', '/e', '/'].map(body => ({ status: 200, body })),
  )
  t.ok(whole.closed)
})

t.test('wherever they are split', async t => {
  t.same(run([...bytes].map(byte => Buffer.of(byte))), whole, 'byte by byte')
  for (let at = 1; at < bytes.length; at++) {
    const halves = [bytes.subarray(0, at), bytes.subarray(at)]
    if (!same(run(halves), whole)) t.same(run(halves), whole, `in two at ${at}`)
  }
  for (let at = 1; at < bytes.length; at++) {
    const end = Math.min(bytes.length, at + 1 + (at % 7))
    const parts = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
    if (!same(run(parts), whole)) t.same(run(parts), whole, `in three at ${at} and ${end}`)
  }
})

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
