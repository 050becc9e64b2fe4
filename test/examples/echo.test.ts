import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { ExampleProgram } from './program.js'

t.test('the echo server sends back whatever it is sent', async t => {
  const program = new ExampleProgram('echo', ['--port', '0'])
  t.teardown(() => program.stop())
  const [, port] = await program.says(/^Listening on tcp4:\/\/127\.0\.0\.1:(\d+); try: nc 127\.0\.0\.1 \1\n/)
  const socket = connect(Number(port), '127.0.0.1')
  let received = ''
  socket.on('data', text => {
    received += text
  })
  socket.end('hello, '.repeat(10_000))
  await once(socket, 'close')
  t.equal(received, 'hello, '.repeat(10_000))
})
