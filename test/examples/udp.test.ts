import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { ExampleProgram } from './program.js'

const run = promisify(execFile)
const noDig = spawnSync('dig', ['-v']).error === undefined ? false : 'dig is not installed'

async function responder(t: Test): Promise<{ dig: (...args: string[]) => Promise<string> }> {
  const names = ['a.test=192.0.2.1', 'two.test=192.0.2.2', 'two.test.=192.0.2.3']
  const many = Array.from({ length: 40 }, (_, index) => `many.test=192.0.2.${index}`)
  const program = new ExampleProgram('udp', [
    '--port=0',
    ...[...names, ...many].map(name => `--name=${name}`),
  ])
  t.teardown(() => program.stop())
  const [, port = ''] = await program.says(/udp4:\/\/127\.0\.0\.1:(\d+)/)
  return {
    dig: async (...args) => {
      const { stdout } = await run('dig', ['@127.0.0.1', '-p', port, '+tries=1', '+timeout=5', ...args])
      return stdout
    },
  }
}

t.test('dig gets the addresses that were given', { skip: noDig }, async t => {
  const { dig } = await responder(t)
  t.equal(await dig('+short', 'a.test'), '192.0.2.1\n')
  t.equal(await dig('+short', 'A.TeSt'), '192.0.2.1\n', 'in any case of letters')
  t.strictSame((await dig('+short', 'two.test')).trim().split('\n').sort(), ['192.0.2.2', '192.0.2.3'])
  const plain = await dig('+noedns', 'a.test')
  t.match(plain, /status: NOERROR/)
  t.match(plain, /flags: qr aa rd;/)
  t.match(plain, /a\.test\.\s+60\s+IN\s+A\s+192\.0\.2\.1/)
  t.match(await dig('a.test'), /EDNS: version: 0, flags:; udp: 1232/, 'EDNS is answered with EDNS')
})

t.test('dig is told what there is not', { skip: noDig }, async t => {
  const { dig } = await responder(t)
  t.match(await dig('b.test'), /status: NXDOMAIN/)
  t.match(await dig('.'), /status: NXDOMAIN/)
  const six = await dig('a.test', 'AAAA')
  t.match(six, /status: NOERROR/)
  t.match(six, /ANSWER: 0/)
  t.match(await dig('a.test', 'CH'), /status: REFUSED/)
  t.match(await dig('+opcode=status', 'a.test'), /status: NOTIMP/)
  t.match(await dig('+edns=1', '+noednsnegotiation', 'a.test'), /status: BADVERS/)
})

t.test('an answer that is too long for the asker is cut off', { skip: noDig }, async t => {
  const { dig } = await responder(t)
  t.match(await dig('+noedns', '+ignore', 'many.test'), /flags: qr aa tc rd;.*ANSWER: 0/s)
  t.match(await dig('+bufsize=1232', 'many.test'), /ANSWER: 40/)
})

t.test('wrong options are named', async t => {
  for (const [option, message] of [
    ['--name=a.test', /--name a\.test: a name and an IPv4 address are needed/],
    ['--port=x', /--port x: not a port/],
    ['--what', /--what/],
  ] as const) {
    const program = new ExampleProgram('udp', [option])
    t.equal(await program.ended(), 2)
    t.match(program.errors, message)
  }
})
