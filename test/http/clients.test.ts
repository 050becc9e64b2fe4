import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { promisify } from 'node:util'

import t from 'tap'
import { Pool } from 'undici'
import { isInstalled } from '../../benchmarks/programs.js'
import { ExampleProgram } from '../examples/program.js'

// It brings no types.
const name: string = 'autocannon'
const { default: autocannon } = (await import(name)) as {
  default: (options: object) => Promise<Record<'errors' | 'non2xx' | '2xx', number>>
}

const run = promisify(execFile)

/** Skips what needs a program that is not here. */
const needs = (command: string, name: string) => ({
  skip: isInstalled({ command, package: name })
    ? false
    : `${command} is not installed (Debian package: ${name})`,
})

for (const [transport, env] of [
  ['native', {}],
  ['net', { REVIO_NATIVE: '0' }],
] as const) {
  t.test(`clients of HTTP, on ${transport}`, async t => {
    const program = new ExampleProgram('http', ['tcp4://127.0.0.1:0'], env)
    t.teardown(() => program.stop())
    const [, port] = await program.says(/^Listening on tcp4:\/\/127\.0\.0\.1:(\d+)/)
    const at = `http://127.0.0.1:${port}`

    await t.test('curl', needs('curl', 'curl'), async t => {
      const body = 'x'.repeat(100_000)
      const { stdout } = await run('curl', ['-sS', '-H', 'Expect: 100-continue', '-d', body, `${at}/echo`])
      t.equal(stdout, body)
      const chunked = await run('curl', ['-sS', '-H', 'Transfer-Encoding: chunked', '-d', body, `${at}/echo`])
      t.equal(chunked.stdout, body)
      const reused = await run('curl', ['-sS', '-w', '%{num_connects}', `${at}/`, `${at}/headers`])
      t.match(reused.stdout, /^hello world\n1\{[\s\S]*\}\n0$/, 'the connection is used again')
      t.match((await run('curl', ['-sS', '-0', `${at}/stream?chunks=2&size=3`])).stdout, /^aaabbb$/)
      t.match((await run('curl', ['-sSI', `${at}/`])).stdout, /^HTTP\/1\.1 200 OK\r\n/)
    })

    await t.test('undici, pipelining', async t => {
      const pool = new Pool(at, { connections: 2, pipelining: 8 })
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const path = index % 3 === 0 ? `/stream?chunks=${index}&size=10` : '/'
          const { statusCode, body } = await pool.request({ path, method: 'GET' })
          return [statusCode, (await body.text()).length, index % 3 === 0 ? index * 10 : 12]
        }),
      )
      for (const [status, length, expected] of answers) t.same([status, length], [200, expected])
      await pool.close()
    })

    await t.test('autocannon', async t => {
      const { errors, non2xx, '2xx': fine } = await autocannon({ url: at, connections: 10, amount: 2000 })
      t.same({ errors, non2xx, fine }, { errors: 0, non2xx: 0, fine: 2000 })
    })

    await t.test('ab, which speaks HTTP/1.0', needs('ab', 'apache2-utils'), async t => {
      const { stdout } = await run('ab', ['-q', '-k', '-n', '500', '-c', '10', `${at}/`])
      t.match(stdout, /Complete requests: +500\nFailed requests: +0\nKeep-Alive requests: +500\n/)
    })

    await t.test('h2load', needs('h2load', 'nghttp2-client'), async t => {
      const { stdout } = await run('h2load', ['--h1', '-n', '500', '-c', '5', '-m', '4', `${at}/`])
      t.match(stdout, /status codes: 500 2xx, 0 3xx/)
    })

    await t.test('wrk', needs('wrk', 'wrk'), async t => {
      const { stdout } = await run('wrk', ['-t1', '-c4', '-d1s', `${at}/headers`])
      t.match(stdout, /[1-9]\d* requests in /)
      t.notMatch(stdout, /Socket errors|Non-2xx/)
    })

    await t.test('a peer that goes away in the middle harms nobody', async t => {
      for (const path of ['/stream?chunks=100000&size=65536', '/slow?ms=50', '/']) {
        for (const how of ['destroy', 'resetAndDestroy'] as const) {
          const socket = connect(Number(port), '127.0.0.1')
          socket.on('error', () => {})
          await once(socket, 'connect')
          socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
          if (path.startsWith('/stream')) await once(socket, 'data')
          socket[how]()
        }
      }
      t.equal(await (await fetch(`${at}/`)).text(), 'hello world\n')
      t.equal(program.errors, '')
    })
  })
}
