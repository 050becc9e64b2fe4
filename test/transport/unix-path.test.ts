import { spawnSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { nativeMissing } from './native/missing.js'
import { SocketWorld } from './socket-world.js'

const missing = nativeMissing()

for (const transport of ['net', 'native'] as const) {
  if (transport === 'native' && missing !== undefined) t.pass('native', { skip: missing })
  else t.test(transport, t => tryPaths(t, transport))
}

async function tryPaths(t: Test, transport: 'net' | 'native'): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'revio-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const scheme = transport === 'net' ? 'unix-net' : 'unix'
  let count = 0
  const newPath = () => {
    count += 1
    return join(folder, `${count}.sock`)
  }
  const world = new SocketWorld(transport, 'unix')
  const start = (path: string, options = '') =>
    world.serve({ opened: () => ['hello'] }, `${scheme}://${path}${options}`)
  const refused = async (t: Test, path: string, why: RegExp) => {
    await t.rejects(start(path), { code: 'EADDRINUSE', message: why })
    await t.rejects(start(path), { message: new RegExp(`^address "${scheme}://${path}": `) })
  }

  await t.test('what a dead server left is taken over', async t => {
    const path = newPath()
    leaveBehind(path)
    t.ok(lstatSync(path).isSocket())
    const { server } = await start(path)
    const peer = world.connect(server)
    await world.until('hello', () => peer.received === 'hello')
    server.shutdown()
  })

  await t.test('what a live server answers on is left as it is', async t => {
    const path = newPath()
    const first = await start(path)
    await refused(t, path, /a live server answers/)
    const peer = world.connect(first.server)
    await world.until('hello', () => peer.received === 'hello')
  })

  await t.test('a live server of another program is left as well', async t => {
    const path = newPath()
    let asked = 0
    const other = net.createServer(socket => {
      asked += 1
      socket.destroy()
    })
    await new Promise<void>(resolve => other.listen(path, resolve))
    await refused(t, path, /a live server answers/)
    t.ok(asked > 0)
    t.ok(existsSync(path))
    await new Promise(resolve => other.close(resolve))
  })

  await t.test('what is no socket is left as it is', async t => {
    const file = newPath()
    writeFileSync(file, 'precious')
    await refused(t, file, /not a socket/)
    t.equal(readFileSync(file, 'utf8'), 'precious')
    const directory = newPath()
    mkdirSync(directory)
    writeFileSync(join(directory, 'inside'), 'precious')
    await refused(t, directory, /not a socket/)
    t.equal(readFileSync(join(directory, 'inside'), 'utf8'), 'precious')
  })

  await t.test('a link is left as it is, and so is what it points to', async t => {
    const target = newPath()
    leaveBehind(target)
    for (const to of [target, join(folder, 'nowhere')]) {
      const link = newPath()
      symlinkSync(to, link)
      await refused(t, link, /not a socket/)
      t.ok(lstatSync(link).isSymbolicLink())
    }
    t.ok(lstatSync(target).isSocket())
  })

  await t.test('the path is removed when the loop ends', async t => {
    const path = newPath()
    const { server, done } = await start(path)
    t.ok(existsSync(path))
    server.shutdown()
    await done
    t.equal(existsSync(path), false)
  })

  await t.test('a path that is another server’s by now is left when the loop ends', async t => {
    const path = newPath()
    const old = await start(path)
    rmSync(path)
    const next = await start(path)
    old.server.shutdown()
    await old.done
    t.ok(existsSync(path))
    const peer = world.connect(next.server)
    await world.until('hello', () => peer.received === 'hello')
    next.server.shutdown()
    await next.done
    t.equal(existsSync(path), false)
  })

  await t.test('a file that stands at the path by now is left as well', async t => {
    const path = newPath()
    const { server, done } = await start(path)
    rmSync(path)
    writeFileSync(path, 'precious')
    server.shutdown()
    await done
    t.equal(readFileSync(path, 'utf8'), 'precious')
  })

  await t.test('a path that somebody has removed meanwhile is no error at the end', async t => {
    const path = newPath()
    const { server, done } = await start(path)
    rmSync(path)
    server.shutdown()
    await t.resolves(done)
  })

  await t.test('a mode is what was asked for, whatever the umask', async t => {
    const before = process.umask(0o077)
    t.teardown(() => process.umask(before))
    const path = newPath()
    await start(path, '?mode=666')
    t.equal(lstatSync(path).mode & 0o777, 0o666)
    const plain = newPath()
    await start(plain)
    t.equal(lstatSync(plain).mode & 0o077, 0)
  })

  await t.test('where nothing can be made, the system’s error names the address', async t => {
    const path = join(folder, 'no', 'such', 'folder')
    await t.rejects(start(path), {
      code: /^(ENOENT|EACCES)$/,
      message: new RegExp(`^address "${scheme}://${path}": `),
    })
  })

  await t.test('a path as long as one may be', async t => {
    const longest = process.platform === 'linux' ? 107 : 103
    const path = join(folder, 'x'.repeat(longest - folder.length - 1))
    t.equal(path.length, longest)
    const { server } = await start(path)
    t.equal(server.addresses[0]?.path, path)
    const peer = world.connect(server)
    await world.until('hello', () => peer.received === 'hello')
  })

  await t.test('a path from where the program stands', async t => {
    const here = process.cwd()
    process.chdir(folder)
    t.teardown(() => process.chdir(here))
    const { server } = await start('here.sock')
    t.ok(existsSync(join(folder, 'here.sock')))
    const peer = world.connect(server)
    await world.until('hello', () => peer.received === 'hello')
    server.shutdown()
    peer.close()
  })

  t.strictSame(await world.end(), [])
}

/** A socket at the path, whose program was killed. */
function leaveBehind(path: string): void {
  const source = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', source, path])
}
