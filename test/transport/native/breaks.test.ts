import { Buffer } from 'node:buffer'
import { spawn, spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { openDescriptors } from '../descriptors.js'
import { closesAll, record, rests, skip, temporaryPath, until } from './harness.js'

const before = openDescriptors()

await t.test('a reset while nothing is read is told, behind what came before', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  heard.link.read(false)
  client.write(Buffer.alloc(300_000, 'x'))
  await sleep(50)
  t.ok(await rests(), 'nothing spins over what is not read')
  client.resetAndDestroy()
  await until('the failure', () => heard.errors.length > 0)
  t.match(heard.errors, [{ code: 'ECONNRESET', syscall: 'recv' }])
  t.ok(heard.text.length > 64 * 1024, 'what lay in the kernel came first')
  t.equal(heard.ends, 0)
  t.ok(await rests(), 'nothing spins over a connection that is broken')
})

const noPython =
  spawnSync('python3', ['--version']).status !== 0 && 'python3 sends urgent data, and is missing'

await t.test('urgent data is no break, and nothing spins over it', { skip: skip || noPython }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  heard.link.read(false)
  const python = spawn('python3', [
    '-c',
    `import socket,sys,time
s = socket.create_connection(('127.0.0.1', ${(await host.listen()).port}))
s.send(b'!', socket.MSG_OOB); s.shutdown(socket.SHUT_WR); sys.stdin.read(); s.close()`,
  ])
  t.teardown(() => python.kill())
  await until('its connection', () => host.heard.length > 1)
  await until('its end', () => (host.heard[1]?.ends ?? 0) > 0)
  t.ok(await rests())
  t.strictSame(host.heard[1]?.errors, [])
  python.stdin.end()
  client.destroy()
})

await t.test(
  'a Unix peer that is gone is told of behind its end, unless this side has ended',
  { skip },
  async t => {
    const host = record(t)
    const address = await host.listen(`unix://${temporaryPath(t)}`)
    const one = await host.connect(address)
    const two = await host.connect(address)
    two.heard.link.end()
    for (const { client, heard } of [one, two]) {
      client.on('data', () => {})
      client.destroy()
      await until('the end', () => heard.ends === 1)
    }
    await until('the failure', () => one.heard.errors.length === 1)
    t.match(one.heard.errors, [{ code: 'ECONNRESET' }])
    t.ok(await rests())
    t.strictSame(two.heard.errors, [])
  },
)

await t.test('what the peer has not acknowledged is told', { skip }, async t => {
  const host = record(t)
  const { client, heard } = await host.connect(await host.listen())
  client.pause()
  const taken = host.write(heard, Buffer.alloc(20_000_000))
  await sleep(50)
  const first = heard.link.unacknowledged?.() ?? -1
  t.ok(first > 0 && first <= taken, `${first} of ${taken}`)
  client.resume()
  await until('progress', () => (heard.link.unacknowledged?.() ?? -1) < first)
  client.destroy()
})

await closesAll(t, before)
