import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
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

t.test('pipelined requests are answered in order', async t => {
  const received = await talk(
    `${'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50)}GET / HTTP/1.1\r\nConnection: close\r\n\r\n`,
  )
  t.equal(heads(received).length, 51)
  t.match(received, /Connection: close\r\n\r\nhello world\n$/)
})

t.test('a request may come in any pieces', async t => {
  const received = await talk(...'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.strictSame(heads(received), ['HTTP/1.1 200 OK'])
})

t.test('HEAD has no body, and HTTP/1.0 ends with the answer', async t => {
  const received = await talk('HEAD / HTTP/1.0\r\n\r\n')
  t.match(received, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 12\r\n[\s\S]*\r\n\r\n$/)
})

t.test('what it does not know is refused, and the connection closed', async t => {
  const refused = [
    'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi',
    'GET /\r\n\r\n',
    'GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi',
  ]
  for (const request of refused) {
    const received = await talk(request)
    t.strictSame(heads(received), ['HTTP/1.1 400 Bad Request'])
    t.match(received, /Connection: close/)
  }
})

t.test('a head without end is refused', async t => {
  t.strictSame(heads(await talk('x'.repeat(17_000))), ['HTTP/1.1 431 Request Header Fields Too Large'])
})
