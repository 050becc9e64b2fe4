import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { bareNode } from '../transport/bare-node.js'
import { onBoth } from '../transport/on-both.js'
import { SocketWorld } from '../transport/socket-world.js'

/** Another user, who connects to the path as often as it can, and counts how often it could. */
const stranger = `
  const net = require('node:net')
  const [, path] = process.argv
  process.setgid(65534)
  process.setuid(65534)
  let connected = 0
  const knock = () => {
    const peer = net.connect(path)
    peer.on('connect', () => { connected += 1; peer.destroy() })
    peer.on('error', () => {})
    peer.on('close', () => setImmediate(knock))
  }
  for (let count = 0; count < 16; count += 1) knock()
  process.on('message', () => process.send(connected))
  process.send('ready')`

const before = process.umask(0)
t.teardown(() => process.umask(before))

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise(resolve => child.once('message', resolve))
}

const mayBeAnother = process.getuid?.() === 0

await onBoth(t, 'a mode that keeps others out', async (t, transport) => {
  if (!mayBeAnother) return void t.pass('another user', { skip: 'only root becomes one' })
  const folder = mkdtempSync(join(tmpdir(), 'revio-'))
  chmodSync(folder, 0o755)
  const path = join(folder, 'socket')
  const child = spawn(...bareNode('-e', stranger, path), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.teardown(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })
  await answerOf(child)
  const scheme = transport === 'net' ? 'unix-net' : 'unix'
  const world = new SocketWorld(transport, 'unix')
  let opened = 0
  const events = {
    opened() {
      opened += 1
    },
  }
  for (let starts = 0; starts < 200; starts += 1) {
    const { server, done } = await world.serve(events, `${scheme}://${path}?mode=600`)
    if ((lstatSync(path).mode & 0o777) !== 0o600) t.fail('another mode')
    server.shutdown()
    await done
  }
  const answer = answerOf(child)
  child.send('how often?')
  t.equal(await answer, 0)
  t.equal(opened, 0)

  const open = await world.serve(events, `${scheme}://${path}?mode=666`)
  await world.until('the other one to get in where it may', () => opened > 0)
  open.server.shutdown()
  await open.done
  t.strictSame(readdirSync(folder), [], 'nothing is left')
  t.strictSame(await world.end(), [])
})

await onBoth(t, 'a mode, in a folder with a name so long that nothing longer fits', async (t, transport) => {
  const outer = mkdtempSync(join(tmpdir(), 'revio-'))
  t.teardown(() => rmSync(outer, { recursive: true }))
  const folder = join(outer, 'x'.repeat(107 - outer.length - 3))
  mkdirSync(folder)
  const world = new SocketWorld(transport, 'unix')
  const address = `unix${transport === 'net' ? '-net' : ''}://${folder}/y?mode=640`
  const { server } = await world.serve({ opened: () => ['hello'] }, address)
  t.equal(lstatSync(join(folder, 'y')).mode & 0o777, 0o640)
  const peer = world.connect(server)
  await world.until('hello', () => peer.received === 'hello')
  t.strictSame(await world.end(), [])
  t.strictSame(readdirSync(folder), [], 'nothing is left')
})
