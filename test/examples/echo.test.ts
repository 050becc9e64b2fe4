import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { built } from '../paths.js'
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

t.test('a signal ends a program in order, and a second one of either kind at once', async t => {
  const url = JSON.stringify(pathToFileURL(built('examples/signals.js')).href)
  const source = `
    import { endOnSignals } from ${url}
    endOnSignals({ shutdown: ({ grace }) => console.log('asked for', grace) })
    setInterval(() => {}, 1e6)
    console.log('ready')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'close')
  t.equal(String((await once(child.stdout, 'data'))[0]), 'ready\n')
  child.kill('SIGTERM')
  t.match(String((await once(child.stdout, 'data'))[0]), /^asked for \d+\n$/)
  child.kill('SIGINT')
  t.strictSame(await ended, [null, 'SIGINT'])
})

for (const loops of ['1', '2']) {
  t.test(`${loops} loops end on a signal when their connections have ended`, async t => {
    const program = new ExampleProgram('echo', ['--port', '0', '--loops', loops])
    t.teardown(() => program.stop())
    const [, port] = await program.says(/:(\d+);/)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('a')
    t.equal(String((await once(socket, 'data'))[0]), 'a')
    const stopped = program.stop()
    socket.end('b')
    t.equal(String((await once(socket, 'data'))[0]), 'b')
    t.equal(await stopped, 0)
  })
}
