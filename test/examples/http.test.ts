import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { WebSocket } from 'ws'
import { ExampleProgram } from './program.js'

const program = new ExampleProgram('http', ['--port', '0'])
t.teardown(() => program.stop())
const [, port] = await program.says(
  /^Listening on tcp4:\/\/127\.0\.0\.1:(\d+); try: curl http:\/\/127\.0\.0\.1:\1\/\n/,
)

/** Sends pieces one after the other and reads until the server closes. */
async function talk(...pieces: string[]): Promise<string> {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true })
  const closed = once(socket, 'close')
  let received = ''
  socket.on('data', text => {
    received += text
  })
  for (const piece of pieces) await new Promise(resolve => socket.write(piece, resolve))
  await closed
  return received
}

const heads = (text: string) => text.match(/HTTP\/1\.1 [^\r]*/g) ?? []

t.test('fetch gets an answer', async t => {
  const response = await fetch(`http://127.0.0.1:${port}/`)
  t.equal(response.status, 200)
  t.equal(await response.text(), 'hello world\n')
})

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n'
const LAST = `${GET}Connection: close\r\n\r\n`

t.test('pipelined requests are answered in order', async t => {
  const received = await talk(`${`${GET}\r\n`.repeat(50)}${LAST}`)
  t.equal(heads(received).length, 51)
  t.match(received, /Connection: close\r\n\r\nhello world\n$/)
})

t.test('a request may come in any pieces', async t => {
  t.strictSame(heads(await talk(...LAST)), ['HTTP/1.1 200 OK'])
})

t.test('HEAD has no body, and HTTP/1.0 ends with the answer', async t => {
  const received = await talk('HEAD / HTTP/1.0\r\n\r\n')
  t.match(received, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 12\r\n[\s\S]*\r\n\r\n$/)
})

t.test('each of its paths answers', async t => {
  const at = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init)
  const echo = await at('/echo', { method: 'POST', body: 'abc', headers: { 'content-type': 'text/x' } })
  t.same([echo.status, echo.headers.get('content-type'), await echo.text()], [200, 'text/x', 'abc'])
  const large = Buffer.alloc(10 * 1024 * 1024, 'x')
  const whole = await (await at('/echo', { method: 'POST', body: large })).arrayBuffer()
  t.ok(large.equals(Buffer.from(whole)), '10 MiB are echoed')
  const start = performance.now()
  t.equal((await at('/slow?ms=100')).status, 200)
  t.ok(performance.now() - start >= 99)
  t.equal(await (await at('/stream?chunks=3&size=4')).text(), 'aaaabbbbcccc')
  t.match(await (await at('/headers', { headers: { 'X-Own': 'a' } })).json(), {
    'x-own': 'a',
    host: `127.0.0.1:${port}`,
  })
  t.equal((await at('/stream', { method: 'HEAD' })).status, 200)
})

t.test('what it does not serve has its status', async t => {
  const status = async (path: string, method: string) => {
    const { status, headers } = await fetch(`http://127.0.0.1:${port}${path}`, { method })
    return [status, headers.get('allow')]
  }
  t.same(await status('/nowhere', 'GET'), [404, null])
  t.same(await status('/__proto__', 'GET'), [404, null])
  t.same(await status('/', 'POST'), [405, 'GET, HEAD'])
  t.same(await status('/echo', 'GET'), [405, 'POST'])
  t.same(await status('/slow?ms=x', 'GET'), [400, null])
  const length = 10 * 1024 * 1024 + 1
  const received = await talk(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`)
  t.strictSame(heads(received), ['HTTP/1.1 413 Payload Too Large'])
})

t.test('what is no request is refused, and the connection closed', async t => {
  for (const [request, head] of [
    ['POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi', '400 Bad Request'],
    ['GET /\r\n\r\n', '400 Bad Request'],
    [`${GET}A: ${'x'.repeat(17_000)}`, '431 Request Header Fields Too Large'],
  ] as const) {
    const received = await talk(request)
    t.strictSame(heads(received), [`HTTP/1.1 ${head}`])
    t.match(received, /Connection: close/)
  }
})

t.test('a shutdown waits for what is at work', async t => {
  const other = new ExampleProgram('http', ['--port', '0'])
  const [, at] = await other.says(/^Listening on tcp4:\/\/127\.0\.0\.1:(\d+)/)
  const socket = connect({ port: Number(at), host: '127.0.0.1' })
  // They arrive together: once the first is answered, the second is at work.
  socket.write(`${GET}\r\nGET /slow?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n`)
  const pieces = socket.setEncoding('latin1')[Symbol.asyncIterator]()
  let received = ''
  const until = async (text: string) => {
    while (!received.includes(text)) {
      const { done, value } = await pieces.next()
      if (done === true) throw new Error(`no ${text} in ${received}`)
      received += value
    }
  }
  await until('hello world\n')
  const stopped = other.stop()
  await until('slow\n')
  t.equal(await stopped, 0)
})

t.test('/ws sends messages back', async t => {
  const plain = await fetch(`http://127.0.0.1:${port}/ws`)
  t.equal(plain.status, 426)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  await once(socket, 'open')
  for (const message of ['hello', Buffer.of(1, 2, 3)]) {
    socket.send(message)
    const [data, isBinary] = await once(socket, 'message')
    t.strictSame([Buffer.from(message as string), typeof message !== 'string'], [data, isBinary])
  }
  socket.close(1000)
  await once(socket, 'close')
})

t.test('an upgrade to what is not spoken is declined, and its request answered, body and all', async t => {
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'
  const post = `POST /echo HTTP/1.1\r\nHost: a\r\n${offer}Content-Length: 3\r\n\r\nabc`
  const received = await talk(`${post}${GET}${offer}\r\n${LAST}`)
  t.strictSame(heads(received), ['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 200 OK'])
  t.match(received, /\r\n\r\nabcHTTP/)
})
