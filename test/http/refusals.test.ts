import t from 'tap'
import { answersIn, sendEach, world } from './exchange.js'

const HOST = 'Host: a\r\n'
const POST = `POST / HTTP/1.1\r\n${HOST}`
const chunked = (body: string) => `${POST}Transfer-Encoding: chunked\r\n\r\n${body}`

/** What must not be served, and with which status it is refused. */
const refused: Readonly<Record<string, readonly [status: number, request: string]>> = {
  'no host': [400, 'GET / HTTP/1.1\r\n\r\n'],
  'two hosts': [400, `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`],
  'two hosts of HTTP/1.0': [400, `GET / HTTP/1.0\r\n${HOST}${HOST}\r\n`],
  'an empty host': [400, 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
  'a blank host': [400, 'GET / HTTP/1.1\r\nHost: \t\r\n\r\n'],
  'a host with a path': [400, 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  'a host with a user': [400, 'GET / HTTP/1.1\r\nHost: b@a\r\n\r\n'],
  'a port without a host': [400, 'GET / HTTP/1.1\r\nHost: :80\r\n\r\n'],
  'a port that is no number': [400, 'GET / HTTP/1.1\r\nHost: a:b\r\n\r\n'],
  'two ports': [400, 'GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n'],
  'an address without brackets': [400, 'GET / HTTP/1.1\r\nHost: ::1\r\n\r\n'],
  'a bracket that is not closed': [400, 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n'],
  'a name in brackets': [400, 'GET / HTTP/1.1\r\nHost: [a]\r\n\r\n'],
  'a host with a broken escape': [400, 'GET / HTTP/1.1\r\nHost: %zz\r\n\r\n'],
  'a target with a port that is no number': [400, `GET http://a:b/ HTTP/1.1\r\n${HOST}\r\n`],
  'a target without a host': [400, `GET http:///a HTTP/1.1\r\n${HOST}\r\n`],
  'two hosts in one': [400, 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n'],
  'HTTP/0.9': [400, 'GET /\r\n\r\n'],
  'HTTP/0.9 by number': [505, `GET / HTTP/0.9\r\n${HOST}\r\n`],
  'HTTP/1.2': [505, `GET / HTTP/1.2\r\n${HOST}\r\n`],
  'HTTP/2.0': [505, `GET / HTTP/2.0\r\n${HOST}\r\n`],
  'HTTP/9.9': [505, `GET / HTTP/9.9\r\n${HOST}\r\n`],
  "HTTP/2's preface": [505, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  'HTTP/11': [400, `GET / HTTP/11\r\n${HOST}\r\n`],
  'http in small letters': [400, `GET / http/1.1\r\n${HOST}\r\n`],
  'RTSP by its version': [400, `GET / RTSP/1.0\r\n${HOST}\r\n`],
  'RTSP by its method': [501, `PLAY / RTSP/1.0\r\n${HOST}\r\n`],
  "ICE's method": [501, `SOURCE / ICE/1.0\r\n${HOST}\r\n`],
  'an unknown method': [501, `BREW / HTTP/1.1\r\n${HOST}\r\n`],
  'a method in small letters': [501, `get / HTTP/1.1\r\n${HOST}\r\n`],
  CONNECT: [501, `CONNECT a:1 HTTP/1.1\r\n${HOST}\r\n`],
  TLS: [400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  'two spaces before the target': [400, `GET  / HTTP/1.1\r\n${HOST}\r\n`],
  'two spaces behind it': [400, `GET /  HTTP/1.1\r\n${HOST}\r\n`],
  'a space in it': [400, `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
  'a tab before it': [400, `GET\t/ HTTP/1.1\r\n${HOST}\r\n`],
  'a target without a slash': [400, `GET a HTTP/1.1\r\n${HOST}\r\n`],
  'an asterisk for GET': [400, `GET * HTTP/1.1\r\n${HOST}\r\n`],
  'a target of another scheme': [400, `GET ftp://a/ HTTP/1.1\r\n${HOST}\r\n`],
  'a target with a user': [400, `GET http://b@a/ HTTP/1.1\r\n${HOST}\r\n`],
  'a bare LF behind the request line': [400, `GET / HTTP/1.1\n${HOST}\r\n`],
  'a bare LF behind a field': [400, 'GET / HTTP/1.1\r\nHost: a\n\r\n'],
  'a bare CR in a field': [400, `GET / HTTP/1.1\r\n${HOST}A: b\rC: d\r\n\r\n`],
  'NUL in a value': [400, `GET / HTTP/1.1\r\n${HOST}A: b\0c\r\n\r\n`],
  'a space before the colon': [400, `GET / HTTP/1.1\r\n${HOST}A : b\r\n\r\n`],
  'no colon': [400, `GET / HTTP/1.1\r\n${HOST}A\r\n\r\n`],
  'no name': [400, `GET / HTTP/1.1\r\n${HOST}: b\r\n\r\n`],
  'a folded field': [400, `GET / HTTP/1.1\r\n${HOST}A: b\r\n c\r\n\r\n`],
  'a folded field before all others': [400, `GET / HTTP/1.1\r\n ${HOST}\r\n`],
  'length and chunked': [400, `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  'chunked and length': [400, `${POST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`],
  'two lengths that differ': [400, `${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`],
  'two lengths that do not': [400, `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
  'a list of lengths': [400, `${POST}Content-Length: 3, 3\r\n\r\nabc`],
  'a length with a sign': [400, `${POST}Content-Length: +3\r\n\r\nabc`],
  'a negative length': [400, `${POST}Content-Length: -3\r\n\r\nabc`],
  'a hexadecimal length': [400, `${POST}Content-Length: 0x3\r\n\r\nabc`],
  'an empty length': [400, `${POST}Content-Length:\r\n\r\nabc`],
  'a length beyond 64 bits': [400, `${POST}Content-Length: 99999999999999999999\r\n\r\n`],
  'a length above the limit': [413, `${POST}Content-Length: 1048577\r\n\r\n`],
  identity: [501, `${POST}Transfer-Encoding: identity\r\n\r\n`],
  xchunked: [501, `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  'gzip and chunked': [501, `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  'chunked twice': [400, `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
  'chunked behind a vertical tab': [400, `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
  'chunked of HTTP/1.0': [400, `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  'another expectation': [417, `${POST}Expect: 200-maybe\r\nContent-Length: 1\r\n\r\n`],
  'a chunk size that is none': [400, chunked('x\r\nabc\r\n0\r\n\r\n')],
  'a chunk size with a sign': [400, chunked('+3\r\nabc\r\n0\r\n\r\n')],
  'a chunk size of 0x': [400, chunked('0x3\r\nabc\r\n0\r\n\r\n')],
  'a chunk size beyond 64 bits': [400, chunked('fffffffffffffffff\r\nabc\r\n')],
  'a chunk longer than it says': [400, chunked('3\r\nabcd\r\n0\r\n\r\n')],
  'a chunk that ends in LF': [400, chunked('3\r\nabc\n0\r\n\r\n')],
  'LF behind a chunk size': [400, chunked('3\nabc\r\n0\r\n\r\n')],
  'LF in a chunk extension': [400, chunked('3;a\nb\r\nabc\r\n0\r\n\r\n')],
  'connection among the trailers': [400, chunked('0\r\nConnection: close\r\n\r\n')],
  'proxy-connection among them': [400, chunked('0\r\nA: b\r\nProxy-Connection: close\r\n\r\n')],
  'a host among them': [400, chunked('0\r\nHost: b\r\n\r\n')],
  'an upgrade among them': [400, chunked('0\r\nUPGRADE: b\r\n\r\n')],
  'an encoding among them': [400, chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n')],
  'a length among the trailers': [400, chunked('0\r\nContent-Length: 3\r\n\r\n')],
  'a long target': [414, `GET /${'a'.repeat(8192)} HTTP/1.1\r\n${HOST}\r\n`],
  'a target without end': [414, `GET /${'a'.repeat(60_000)}`],
  'a long field': [431, `GET / HTTP/1.1\r\n${HOST}A: ${'a'.repeat(16_384)}\r\n\r\n`],
  'a field without end': [431, `GET / HTTP/1.1\r\n${HOST}A: ${'a'.repeat(60_000)}`],
  'many fields': [431, `GET / HTTP/1.1\r\n${HOST}${'A: b\r\n'.repeat(100)}\r\n`],
  'empty lines without end': [431, '\r\n'.repeat(9000)],
  'a chunk extension without end': [413, chunked(`3;${'a'.repeat(20_000)}`)],
  'many trailers': [431, chunked(`0\r\n${'A: b\r\n'.repeat(101)}\r\n`)],
  'a long trailer': [431, chunked(`0\r\nA: ${'a'.repeat(17_000)}\r\n\r\n`)],
  'a chunked body above the limit': [413, chunked(`fffff\r\n${'a'.repeat(0xfffff)}\r\n2\r\nbb\r\n0\r\n\r\n`)],
}

/** Of a line that comes in pieces it does not show in time what it is. */
const EITHER = ['an unknown method', 'a method in small letters']

/** Answers what a server made of the pieces, and how many requests a handler saw. */
function serve(pieces: readonly Buffer[]) {
  let served = 0
  const { simulation, peer } = world({
    request(_id, req) {
      served++
      return [{ body: req.target }]
    },
  })
  for (const piece of pieces) if (!peer.closed) sendEach(peer, [piece])
  return {
    served,
    answers: answersIn(peer.received),
    ended: peer.ended,
    failures: simulation.failures.length,
  }
}

/** As it comes, and in pieces. Those that are long are not sent byte by byte. */
function waysOf(bytes: Buffer): (readonly Buffer[])[] {
  const ways: Buffer[][] = [[bytes]]
  if (bytes.length < 500) {
    ways.push([...bytes].map(byte => Buffer.of(byte)))
    for (let at = 1; at < bytes.length; at++) ways.push([bytes.subarray(0, at), bytes.subarray(at)])
  } else
    ways.push(
      Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, index) =>
        bytes.subarray(index * 1000, index * 1000 + 1000),
      ),
    )
  return ways
}

const FIRST = `GET /first HTTP/1.1\r\n${HOST}\r\n`

for (const [name, [status, request]] of Object.entries(refused)) {
  /** What the body of a refusal says, so that the author of a client need not guess. */
  const reasons: readonly [text: RegExp, request: string][] = [
    [/^malformed head: invalid header value char\n$/, `GET / HTTP/1.1\r\n${HOST}A: b\0c\r\n\r\n`],
    [/^malformed head: .*header/i, 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    [/^malformed head: .*content-length/i, `${POST}Content-Length: 99999999999999999999\r\n\r\n`],
    [/^malformed body: .*chunk size/i, chunked('x\r\n')],
    [/^expected the version 1.0 or 1.1/, 'GET /\r\n\r\n'],
  ]

  t.test('a refusal says why', async t => {
    for (const [text, request] of reasons) {
      const { peer, simulation } = world({ request: () => [{}] })
      peer.send(request)
      await simulation.settle()
      const [answer] = answersIn(peer.received)
      t.match(answer?.body, text, JSON.stringify(request))
    }
  })

  t.test(`refused with ${status}: ${name}`, async t => {
    const bytes = Buffer.from(request, 'latin1')
    for (const pieces of waysOf(bytes)) {
      const { served, answers, ended, failures } = serve(pieces)
      const seen = {
        served,
        ended,
        failures,
        statuses: answers.map(({ status }) =>
          status === 400 && pieces.length > 1 && EITHER.includes(name) ? 501 : status,
        ),
        close: answers[0]?.headers.connection,
      }
      const wanted = { served: 0, ended: true, failures: 0, statuses: [status], close: 'close' }
      if (JSON.stringify(seen) !== JSON.stringify(wanted)) {
        t.same(seen, wanted, `${pieces.length} pieces, of which the first has ${pieces[0]?.length} bytes`)
      }
    }
    const behind = serve([Buffer.concat([Buffer.from(FIRST + FIRST), bytes])])
    t.same(
      behind.answers.map(answer => answer.status),
      [200, 200, status],
      'what came before is answered',
    )
  })
}
