import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import * as net from 'node:net'
import t from 'tap'
import { built } from '../paths.js'

const program = built('examples/proxy.js')

t.test('bytes and ends go through both ways, to a reader that is slow', async t => {
  const target = net.createServer({ allowHalfOpen: true }, socket => socket.pipe(socket))
  target.listen(0, '127.0.0.1')
  await once(target, 'listening')
  const { port } = target.address() as net.AddressInfo
  const args = ['--listen', 'tcp4://127.0.0.1:0', '--target', `tcp4://127.0.0.1:${port}`]
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => {
    child.kill()
    target.close()
  })
  const [line] = await once(child.stdout, 'data')
  const bound = /127\.0\.0\.1:(\d+)/.exec(String(line))?.[1]

  const socket = net.connect({ port: Number(bound), host: '127.0.0.1', allowHalfOpen: true })
  const sent = randomBytes(16 * 1024 * 1024)
  socket.end(sent)
  const hash = createHash('sha256')
  for await (const bytes of socket) {
    hash.update(bytes)
    await new Promise(setImmediate)
  }
  t.equal(hash.digest('hex'), createHash('sha256').update(sent).digest('hex'))
})

t.test('an unknown option is named', async t => {
  const child = spawn(process.execPath, [program, '--nowhere'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const [message] = await once(child.stderr, 'data')
  t.match(String(message), /--nowhere/)
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
  t.equal(code, 2)
})
