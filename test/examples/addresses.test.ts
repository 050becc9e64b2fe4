import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type NetConnectOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readOptions, UsageError, usage } from '../../examples/options.js'
import { ExampleProgram } from './program.js'

const echo = { command: 'npm run echo', about: 'Echoes.', port: 5000 }
const read = (...args: string[]) => readOptions(args, echo)?.addresses

t.test('addresses stand beside the options, which come first', async t => {
  t.strictSame(read(), ['tcp://127.0.0.1:5000'])
  t.strictSame(read('tcp-net://:1', 'unix:///a'), ['tcp-net://:1', 'unix:///a'])
  t.strictSame(read('tcp://:1', '--port', '2'), ['tcp://127.0.0.1:2', 'tcp://:1'])
  t.strictSame(read('--unixsocket', '/a', 'tcp://:1'), ['unix:///a', 'tcp://:1'])
  t.strictSame(read('--host', '::1', '--unixsocket=/a'), ['tcp://[::1]:5000', 'unix:///a'])
  t.equal(read('tcp://:1', '--help'), undefined)
})

t.test('an example that speaks datagrams takes no other addresses', async t => {
  const udp = { ...echo, only: 'udp' } as const
  t.strictSame(readOptions(['udp6-net://[::1]:1'], udp)?.addresses, ['udp6-net://[::1]:1'])
  t.strictSame(readOptions(['--port=1'], udp)?.addresses, ['udp://127.0.0.1:1'])
  for (const text of ['tcp://:1', 'udpx:1', ':1']) {
    t.throws(() => readOptions([text], udp), new UsageError(`address "${text}": expected udp://HOST:PORT`))
  }
})

/** Talks to the first address that an example lists, or to a Unix socket. */
async function exchange(where: NetConnectOpts, sent: string): Promise<string> {
  const socket = connect(where)
  socket.end(sent)
  let received = ''
  socket.on('data', bytes => {
    received += bytes
  })
  await once(socket, 'close')
  return received
}

t.test('a dashboard is on this machine alone unless an address says otherwise', async t => {
  const dashboard = (...args: string[]) => readOptions(args, echo)?.dashboard
  t.equal(dashboard(), undefined)
  t.equal(dashboard('--dashboard=8081'), 'tcp://127.0.0.1:8081')
  t.equal(dashboard('--dashboard', 'tcp://0.0.0.0:8081'), 'tcp://0.0.0.0:8081')
  t.equal(readOptions(['--loops=3'], { ...echo, module: 'file:///a.js' })?.loops, 3)
})

const talks = [
  ['echo', 'hi', /^hi$/],
  ['http', 'GET / HTTP/1.0\r\n\r\n', /hello world\n$/],
  ['redis/main', 'PING\r\n', /^\+PONG\r\n$/],
  ['multi', '*1\r\n$4\r\nPING\r\n', /^\+PONG\r\n$/],
] as const

for (const [name, sent, answer] of talks) {
  t.test(`${name} listens on every address it is given`, async t => {
    const directory = mkdtempSync(join(tmpdir(), 'revio-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 's')
    const program = new ExampleProgram(name, ['tcp-net://127.0.0.1:0', `unix://${path}?mode=600`, '--port=0'])
    t.teardown(() => program.stop())
    const [, first, second] = await program.says(
      /^Listening on tcp4:\/\/127\.0\.0\.1:(\d+) and tcp4:\/\/127\.0\.0\.1:(\d+) and unix:\/\/.*\/s; try: /,
    )
    t.match(await exchange({ host: '127.0.0.1', port: Number(first) }, sent), answer)
    t.match(await exchange({ host: '127.0.0.1', port: Number(second) }, sent), answer)
    t.match(await exchange({ path }, sent), answer)
    t.equal(await program.stop(), 0)
  })
}

t.test('the proxy listens on addresses, and on those of --listen', async t => {
  const target = new ExampleProgram('echo', ['--port=0'])
  t.teardown(() => target.stop())
  const [, port] = await target.says(/:(\d+);/)
  const args = ['tcp://127.0.0.1:0', '--listen=tcp://127.0.0.1:0', `--target=tcp://127.0.0.1:${port}`]
  const program = new ExampleProgram('proxy', args)
  t.teardown(() => program.stop())
  const [, ...ports] = await program.says(/^Listening on .*:(\d+) and .*:(\d+), passing on to tcp:/)
  for (const each of ports) t.equal(await exchange({ host: '127.0.0.1', port: Number(each) }, 'hi'), 'hi')
})

t.test('help sets options apart from what they do, and shows a default only where there is one', async t => {
  const long = { value: 'NAME:PASSWORD', about: 'who may send' }
  const help = (preset: string) => usage({ ...echo, extras: { user: { ...long, preset } } }).split('\n')
  t.ok(help('').includes('  --user NAME:PASSWORD who may send'))
  t.ok(help('a:b').includes('  --user NAME:PASSWORD who may send (default a:b)'))
})

const mistakes: [name: string, args: string[], complaint: RegExp][] = [
  ['echo', ['tpc://:1'], /address "tpc:\/\/:1": unknown scheme "tpc"/],
  ['echo', ['extra'], /address "extra"/],
  ['echo', [''], /address ""/],
  ['echo', ['--bogus'], /'--bogus'/],
  ['http', ['tcp://:1', 'tcp://:99999'], /address "tcp:\/\/:99999"/],
  ['redis/main', ['unix://'], /address "unix:\/\/"/],
  ['multi', ['--port', 'x'], /--port x/],
  ['multi', ['--loops', '2'], /'--loops'/],
  ['echo', ['--loops', '0'], /--loops 0: expected 1 to 999/],
  ['echo', ['--dashboard', '65536'], /--dashboard 65536: not a port/],
  ['echo', ['--port=0', '--dashboard', 'here'], /address "here"/],
  ['http', ['--dashboard', 'udp://:1'], /--dashboard udp:\/\/:1: expected a port/],
  ['proxy', ['--loops=2', '--target', 'nowhere'], /--target nowhere: /],
  ['udp', ['tcp://:1'], /address "tcp:\/\/:1": expected udp:/],
  ['udp', ['--unixsocket=/a'], /'--unixsocket'/],
  ['proxy', ['--target', 'nowhere'], /--target nowhere: .*host and port/],
  ['proxy', ['--target', ''], /--target : /],
  ['proxy', ['--target', 'udp://:1'], /--target udp:/],
]

for (const [name, args, complaint] of mistakes) {
  t.test(`${name} ${args.join(' ')} is a mistake of one line that points to --help`, async t => {
    const program = new ExampleProgram(name, args)
    t.teardown(() => program.stop())
    t.equal(await program.ended(), 2)
    t.match(program.errors, complaint)
    t.match(program.errors, /^npm [a-z ]+: [^\n]*; see npm [a-z ]+ -- --help\n$/)
  })
}

for (const name of ['echo', 'http', 'udp', 'proxy', 'multi', 'redis/main']) {
  t.test(`${name} --help tells of addresses and options`, async t => {
    const program = new ExampleProgram(name, ['--help'])
    await program.says(
      /Usage: npm [a-z ]+ -- \[options\] \[address \.\.\.\][\s\S]*--port PORT[\s\S]*--dashboard PORT[\s\S]*--help/,
    )
    t.equal(await program.ended(), 0)
    t.equal(program.errors, '')
  })
}
