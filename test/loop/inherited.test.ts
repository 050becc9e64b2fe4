import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as net from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { listenFds, type Server, serve } from '../../lib/index.js'
import { built } from '../paths.js'
import { nativeMissing } from '../transport/native/missing.js'

const schemes = nativeMissing() === undefined ? ['fd', 'fd-net'] : ['fd-net']

async function ask(connect: () => net.Socket, text: string): Promise<string> {
  const socket = connect()
  socket.end(text)
  let heard = ''
  for await (const bytes of socket) heard += bytes
  return heard
}

t.test('a descriptor that was inherited is listened on', { skip: process.platform === 'win32' }, async t => {
  const folder = t.testdir({
    'main.mjs': `
      import { listenFds, serve } from ${JSON.stringify(pathToFileURL(built('lib/index.js')).href)}
      process.env.LISTEN_PID = String(process.pid)
      const [first] = listenFds()
      const address = first.replace('fd:', process.argv[2] + ':')
      const running = serve({ data: (id, input) => ['<' + input + '>', 2] }, address)
      console.log(String((await running.listening).addresses[0]))
      process.once('SIGTERM', async () => (await running.listening).shutdown({ grace: 1000 }))
      await running`,
  })
  for (const scheme of schemes) {
    const listener = net.createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as net.AddressInfo
    const { fd } = (listener as unknown as { _handle: { fd: number } })._handle
    const child = spawn(process.execPath, [join(folder, 'main.mjs'), scheme], {
      stdio: ['ignore', 'pipe', 'inherit', fd],
      env: { ...process.env, LISTEN_FDS: '1' },
    })
    listener.close()
    const [line] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer]
    t.equal(String(line).trim(), `tcp4://127.0.0.1:${port}`)
    t.equal(await ask(() => net.connect(port, '127.0.0.1'), 'hello'), '<hello>')
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    t.equal(code, 0)
  }
})

t.test('what does not listen is told', { skip: nativeMissing() ?? false }, async t => {
  await t.rejects(serve({}, 'fd://987'), { code: 'EBADF', message: /address "fd:\/\/987"/ })
  await t.rejects(serve({}, 'fd://2'), { message: /address "fd:\/\/2"/ })
  await t.rejects(serve({}, 'fd://x'), {
    code: 'ERR_ADDRESS',
    message: /invalid descriptor "x": expected a number/,
  })
  await t.rejects(serve({}, 'fd://3?backlog=5'), {
    code: 'ERR_ADDRESS',
    message: /unknown option "backlog" for fd/,
  })
})

t.test('LISTEN_FDS counts for the process that it was meant for', async t => {
  const { LISTEN_FDS, LISTEN_PID } = process.env
  t.teardown(() => Object.assign(process.env, { LISTEN_FDS: LISTEN_FDS ?? '', LISTEN_PID: LISTEN_PID ?? '' }))
  const listens = (fds: string, pid: string) => {
    Object.assign(process.env, { LISTEN_FDS: fds, LISTEN_PID: pid })
    return listenFds()
  }
  t.strictSame(listens('2', String(process.pid)), ['fd://3', 'fd://4'])
  t.strictSame(listens('2', String(process.pid + 1)), [])
  t.strictSame(listens('', ''), [])
  t.strictSame(listens('nonsense', String(process.pid)), [])
})

t.test('abstract names, on both transports', { skip: process.platform !== 'linux' }, async t => {
  const name = `@revio-test-${process.pid}`
  for (const scheme of nativeMissing() === undefined ? ['unix', 'unix-net'] : ['unix-net']) {
    const heard: string[] = []
    const running = serve({ data: (_id, input) => [input] }, `${scheme}://${name}`)
    const server: Server = await running.listening
    t.equal(String(server.addresses[0]), `unix://${name}`)
    // Node before 22 fills names up with zero bytes, which makes them other names.
    if (scheme === 'unix-net') t.equal(await ask(() => net.connect(`\0${name.slice(1)}`), 'hello'), 'hello')
    await t.rejects(serve({}, `${scheme}://${name}`), { code: 'EADDRINUSE' })
    server.dial(`${scheme}://${name}`, {
      events: {
        opened: () => ['dialled'],
        data(_id, input) {
          heard.push(String(input))
          return ['', 3]
        },
      },
    })
    await running
    t.strictSame(heard, ['dialled'])
  }
  await t.rejects(serve({}, `unix://${name}?mode=660`), {
    code: 'ERR_ADDRESS',
    message: /option mode applies to paths/,
  })
})
