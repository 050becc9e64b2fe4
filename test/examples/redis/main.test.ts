import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ExampleProgram } from '../program.js'
import { Connection } from './connection.js'

function start(t: Test, ...args: string[]): ExampleProgram {
  const program = new ExampleProgram('redis/main', args)
  t.teardown(() => program.stop())
  return program
}

t.test('it says where it listens and how to talk to it, and ends on a signal', async t => {
  const program = start(t, '--port', '0')
  const [line, port] = await program.says(
    /^Listening on tcp4:\/\/127\.0\.0\.1:(\d+); try: redis-cli -h 127\.0\.0\.1 -p \1 ping\n/,
  )
  t.ok(line)
  const connection = await Connection.to({ port: Number(port), host: '127.0.0.1' })
  t.equal(String(await connection.ask('PING')), '+PONG\r\n')
  t.equal(await program.stop(), 0)
  t.equal(String(await connection.rest()), '', 'connections are closed in order')
  t.equal(program.errors, '')
})

t.test('SHUTDOWN ends it', async t => {
  const program = start(t, '--port=0')
  const [, port] = await program.says(/:(\d+);/)
  const connection = await Connection.to({ port: Number(port), host: '127.0.0.1' })
  connection.socket.write('SET a b\r\nSHUTDOWN NOSAVE\r\n')
  t.equal(String(await connection.rest()), '+OK\r\n')
  t.equal(await program.ended(), 0)
})

t.test('it listens on a Unix socket, and removes it', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'revio-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'redis.sock')
  const program = start(t, '--unixsocket', path)
  await program.says(new RegExp(`^Listening on unix://${path}; try: redis-cli -s ${path} ping\n`))
  const connection = await Connection.to({ path })
  t.equal(String(await connection.ask('PING')), '+PONG\r\n')
  connection.close()
  t.equal(await program.stop(), 0)
  t.notOk(existsSync(path))
})

t.test('it listens on both where both are given', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'revio-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const program = start(t, '--unixsocket', join(directory, 's'), '--port', '0', '--host', '::1')
  await program.says(
    /^Listening on tcp6:\/\/\[::1\]:\d+ and unix:\/\/.*; try: redis-cli -h ::1 -p \d+ ping\n/,
  )
})

const mistakes: [args: string[], complaint: RegExp][] = [
  [['--bogus'], /'--bogus'/],
  [['--port'], /'--port/],
  [['--port', 'abc'], /--port abc: not a port/],
  [['--port', '65536'], /--port 65536: not a port/],
  [['--port', '-1'], /'--port'/],
  [['extra'], /"extra"/],
  [['--unixsocket', ''], /--unixsocket needs a path/],
  [['--host', ''], /--host needs an address/],
]

for (const [args, complaint] of mistakes) {
  t.test(`${args.join(' ')} is an error of one line that names it`, async t => {
    const program = start(t, ...args)
    t.equal(await program.ended(), 2)
    t.match(program.errors, complaint)
    t.match(program.errors, /^npm start: .*; see npm start -- --help\n$/)
  })
}

t.test('a host that cannot be found is an error of one line', async t => {
  const program = start(t, '--host', 'no.such.host.invalid')
  t.equal(await program.ended(), 1)
  t.match(program.errors, /^npm start: .*no\.such\.host\.invalid.*\n$/)
})

t.test('so is a port that is taken', async t => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  t.teardown(() => holder.close())
  const { port } = holder.address() as { port: number }
  const program = start(t, '--port', String(port))
  t.equal(await program.ended(), 1)
  t.match(program.errors, new RegExp(`^npm start: .*${port}.*EADDRINUSE.*\n$`))
})

t.test('--help tells the options', async t => {
  const program = start(t, '--help')
  await program.says(/--port PORT[\s\S]*--host HOST[\s\S]*--unixsocket PATH[\s\S]*--help/)
  t.equal(await program.ended(), 0)
})
