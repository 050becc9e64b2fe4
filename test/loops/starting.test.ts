import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as net from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { inetAddress } from '../../lib/address.js'
import { serveLoops } from '../../lib/index.js'
import { built } from '../paths.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Client } from './client.js'

const skip = nativeMissing() ?? false

const fixture = (name: string) => new URL(`fixtures/${name}.js`, import.meta.url)

t.test('handlers as the default export, and workerData for a function', { skip }, async t => {
  const plain = serveLoops(fixture('plain'), { loops: 2 }, 'tcp://127.0.0.1:0')
  const server = await plain.listening
  const client = new Client(server.addresses[0]).send('x')
  t.equal(await client.until(received => received.endsWith(';')), 'plain x;')
  server.shutdown()
  await plain
  const workerData = { greeting: 'hello ' }
  const greeting = serveLoops(fixture('echo'), { loops: 1, workerData }, 'tcp://127.0.0.1:0')
  const other = await greeting.listening
  t.equal(await new Client(other.addresses[0]).until(received => received.endsWith(';')), 'hello 0;')
  other.shutdown()
  await greeting
})

t.test(
  'what goes wrong in one loop at the start is the error of all, and nothing stays bound',
  { skip },
  async t => {
    const start = (how: string) =>
      serveLoops(fixture('broken'), { loops: 2, workerData: { how, loop: 1 } }, 'tcp://127.0.0.1:0')
    await t.rejects(start('load'), { name: 'RevioError', code: 'ERR_OPTION', message: 'not this one' })
    await t.rejects(start('misspelt'), {
      code: 'ERR_OPTION',
      message: /unknown handler "dta"; did you mean "data"/,
    })
    await t.rejects(start('exit'), { message: 'its thread ended with exit code 3' })
    await t.rejects(start('serving'), { message: 'not served', code: 'EWHATEVER' })
    const missing = serveLoops('./no/such/module.js', { loops: 2 }, 'tcp://127.0.0.1:0')
    await t.rejects(missing.listening, { code: 'ERR_MODULE_NOT_FOUND' })
    await t.rejects(missing)
  },
)

t.test('an address that is taken is told, and the others are released', { skip }, async t => {
  const taken = net.createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await new Promise(resolve => taken.once('listening', resolve))
  const { port } = taken.address() as net.AddressInfo
  for (const balance of ['round-robin', 'kernel'] as const) {
    const options = { loops: 2, balance }
    const running = serveLoops(fixture('plain'), options, 'tcp://127.0.0.1:0', `tcp://127.0.0.1:${port}`)
    await t.rejects(running, { code: 'EADDRINUSE', message: new RegExp(`address "tcp://127.0.0.1:${port}"`) })
  }
})

t.test('wrong arguments are told by name', { skip }, async t => {
  const options: [object, RegExp][] = [
    [{ loops: 0 }, /option loops: expected an integer from 1 to 1024; received 0/],
    [{ balance: 'fair' }, /option balance: expected one of round-robin, .*; received fair/],
    [{ restart: 1 }, /option restart/],
    [{ loop: 2 }, /unknown option "loop"/],
  ]
  for (const [option, message] of options) {
    await t.rejects(serveLoops(fixture('plain'), option as never), { code: 'ERR_OPTION', message })
  }
  await t.rejects(serveLoops(5 as never, {}), {
    code: 'ERR_OPTION',
    message: /a module's URL or path; received 5/,
  })
  await t.rejects(serveLoops(fixture('plain'), {}, { address: 'tcp://:0', events: {} }), {
    code: 'ERR_OPTION',
    message: /option events: in serveLoops the module makes the handlers/,
  })
  await t.rejects(serveLoops(fixture('plain'), {}, 'tcp-net://127.0.0.1:0'), {
    code: 'ERR_UNSUPPORTED',
    message: /balance "round-robin" requires the native transport .*; "kernel" doesn't/,
  })
  await t.rejects(serveLoops(fixture('plain'), { balance: 'kernel' }, 'unix:///tmp/x.sock'), {
    code: 'ERR_UNSUPPORTED',
    message: /Unix sockets do not have; "round-robin" takes it/,
  })
})

t.test('a module in CommonJS', { skip }, async t => {
  const folder = t.testdir({
    'common.cjs': `module.exports = { data: (id, input) => ['common ' + input + ';'] }`,
  })
  const running = serveLoops(join(folder, 'common.cjs'), { loops: 1 }, 'tcp://127.0.0.1:0')
  const server = await running.listening
  const client = new Client(server.addresses[0]).send('x')
  t.equal(await client.until(received => received.endsWith(';')), 'common x;')
  server.shutdown()
  await running
})

t.test('a module in TypeScript, where the program runs under a loader that knows it', { skip }, async t => {
  const folder = t.testdir({
    'register.mjs': `import { register } from 'node:module'; register('./hooks.mjs', import.meta.url)`,
    'hooks.mjs': `
      import { readFileSync } from 'node:fs'
      import ts from ${JSON.stringify(import.meta.resolve('typescript'))}
      export async function load(url, context, next) {
        if (!url.endsWith('.ts')) return next(url, context)
        const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
        const source = ts.transpile(readFileSync(new URL(url), 'utf8'), options)
        return { format: 'module', source, shortCircuit: true }
      }`,
    'handlers.ts': `const greeting: string = 'typed '
      export default { data: (_id: number, input: Buffer) => [greeting + input + ';'] as const }`,
    'main.mjs': `
      import { serveLoops } from ${JSON.stringify(pathToFileURL(built('lib/index.js')).href)}
      const handlers = new URL('./handlers.ts', import.meta.url)
      const running = serveLoops(handlers, { loops: 1 }, 'tcp://127.0.0.1:0')
      console.log((await running.listening).addresses[0].port)`,
  })
  const args = ['--import', pathToFileURL(join(folder, 'register.mjs')).href, join(folder, 'main.mjs')]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  const [port] = (await once(child.stdout, 'data')) as [Buffer]
  const client = new Client(inetAddress('tcp', '127.0.0.1', Number(port))).send('x')
  t.equal(await client.until(received => received.endsWith(';')), 'typed x;')
})
