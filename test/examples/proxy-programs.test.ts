import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import * as http from 'node:http'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import t from 'tap'
import { onBoth } from '../transport/on-both.js'
import { ExampleProgram } from './program.js'
import { listen, ProxyProgram } from './proxied.js'

const run = promisify(execFile)

/** Why a program cannot be tried; false where it is installed. */
function missing(program: string): string | false {
  return spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`
}

await onBoth(t, 'programs for Redis talk through it', async (t, transport) => {
  const clone = new ExampleProgram('redis/main', ['--port', '0'])
  t.teardown(() => clone.stop())
  const [, target] = await clone.says(/:(\d+);/)
  const proxy = await ProxyProgram.start(t, Number(target), transport)
  const port = String(proxy.port)

  await t.test('redis-cli', { skip: missing('redis-cli') }, async t => {
    const cli = async (...args: string[]) => (await run('redis-cli', ['-p', port, ...args])).stdout
    t.equal(await cli('ping'), 'PONG\n')
    t.equal(await cli('set', 'name', 'value of it'), 'OK\n')
    t.equal(await cli('get', 'name'), 'value of it\n')

    const large = 'x'.repeat(4 * 1024 * 1024)
    const setting = spawn('redis-cli', ['-p', port, '-x', 'set', 'large'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    setting.stdin.end(large)
    await once(setting, 'close')
    t.equal(await cli('strlen', 'large'), `${large.length}\n`)
    const { stdout } = await run('redis-cli', ['-p', port, 'get', 'large'], { maxBuffer: 2 * large.length })
    t.ok(stdout === `${large}\n`, 'a large value comes back')
  })

  await t.test('redis-benchmark', { skip: missing('redis-benchmark') }, async t => {
    const args = ['-p', port, '-c', '50', '-n', '20000', '-P', '16', '-t', 'set,get,incr,lpush', '-q']
    const { stdout } = await run('redis-benchmark', args)
    for (const command of ['SET', 'GET', 'INCR', 'LPUSH'])
      t.match(stdout, new RegExp(`${command}: [\\d.]+ requests per second`))
  })

  t.equal(proxy.errors, '')
})

await onBoth(t, 'programs for HTTP talk through it', async (t, transport) => {
  const connections = new Set<Socket>()
  const server = http.createServer((request, response) => request.pipe(response))
  server.on('connection', socket => connections.add(socket))
  const proxy = await ProxyProgram.start(t, await listen(t, server), transport)

  await t.test('an agent keeps its connections', async t => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
    const bodies = Array.from({ length: 200 }, (_, index) => `${index} `.repeat(index * 50))
    const answers = await Promise.all(bodies.map(body => post(agent, proxy.port, body)))
    t.ok(answers.every((answer, index) => answer === bodies[index]))
    t.equal(connections.size, 4)
    agent.destroy()
  })

  await t.test('curl', { skip: missing('curl') }, async t => {
    const url = `http://127.0.0.1:${proxy.port}/`
    const args = ['-sS', '--data', 'hello', '-w', ' %{http_code} %{num_connects}\n', url, url, url]
    const { stdout } = await run('curl', args)
    t.equal(stdout, 'hello 200 1\nhello 200 0\nhello 200 0\n', 'three answers over one connection')
  })

  server.closeAllConnections()
  t.equal(proxy.errors, '')
})

async function post(agent: http.Agent, port: number, body: string): Promise<string> {
  const request = http.request({ agent, port, host: '127.0.0.1', method: 'POST' }).end(body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  let answer = ''
  for await (const bytes of response.setEncoding('utf8')) answer += bytes
  return answer
}
