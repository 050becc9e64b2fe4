import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { ExampleProgram } from './program.js'

const PING = '*1\r\n$4\r\nPING\r\n'
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

for (const [transport, env] of [
  ['native', {}],
  ['net', { REVIO_NATIVE: '0' }],
] as const) {
  t.test(`one port speaks RESP and HTTP, on ${transport}`, async t => {
    const program = new ExampleProgram('multi', ['tcp4://127.0.0.1:0'], env)
    t.teardown(() => program.stop())
    const [, text] = await program.says(
      /^Listening on tcp4:\/\/127\.0\.0\.1:(\d+); try: redis-cli -h 127\.0\.0\.1 -p \1 ping, or curl http:\/\/127\.0\.0\.1:\1\/\n/,
    )
    const port = Number(text)

    /** Sends pieces one after the other, ends, and reads until the server has closed. */
    async function talk(pieces: Iterable<string>): Promise<string> {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      const closed = once(socket, 'close')
      let received = ''
      socket.on('data', bytes => {
        received += bytes
      })
      for (const piece of pieces) await new Promise(resolve => socket.write(piece, resolve))
      socket.end()
      await closed
      return received
    }

    await t.test('fetch gets an answer', async t => {
      const response = await fetch(`http://127.0.0.1:${port}/`)
      t.equal(response.status, 200)
      t.equal(await response.text(), 'hello world\n')
    })

    await t.test('each protocol is known in one piece and byte by byte', async t => {
      for (const cut of [(all: string) => [all], (all: string) => [...all]]) {
        t.equal(await talk(cut(PING + PING)), '+PONG\r\n+PONG\r\n')
        t.match(await talk(cut(GET)), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nhello world\n$/)
      }
    })

    await t.test(
      'what comes with the first byte is not lost, and the clone keeps what it is told',
      async t => {
        t.equal(await talk(['*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n', PING]), '+OK\r\n+PONG\r\n')
        t.equal(await talk(['*2\r\n$3\r\nGET\r\n$1\r\nk\r\n']), '$5\r\nvalue\r\n')
      },
    )

    await t.test('both are spoken at once, and what is neither is refused in HTTP', async t => {
      const talks = Array.from({ length: 20 }, (_, index) => talk(index % 2 === 0 ? [...PING] : [...GET]))
      for (const [index, answer] of (await Promise.all(talks)).entries()) {
        t.match(answer, index % 2 === 0 ? /^\+PONG\r\n$/ : /^HTTP\/1\.1 200 OK/)
      }
      t.match(await talk(['neither\r\n\r\n']), /^HTTP\/1\.1 400 Bad Request/)
    })

    t.equal(await program.stop(), 0)
    t.equal(program.errors, '')
  })
}
