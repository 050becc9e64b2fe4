import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type Balance, serveLoops } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'
import { Client, spread } from './client.js'

const skip = nativeMissing() ?? false

const echo = new URL('fixtures/echo.js', import.meta.url)

/** 400 connections over 4 loops, in which every eighth goes on the way. */
async function shares(balance: Balance, address: string): Promise<number[]> {
  const running = serveLoops(echo, { loops: 4, balance }, address)
  const server = await running.listening
  const clients: Client[] = []
  for (let group = 0; group < 8; group++) {
    const more = Array.from({ length: 50 }, () => new Client(server.addresses[0]))
    await spread(more, 4)
    clients.push(...more)
  }
  const counts = await spread(clients, 4)
  await Promise.all(clients.map(client => client.close()))
  server.shutdown()
  await running
  return counts
}

t.test('round-robin spreads evenly', { skip }, async t => {
  const counts = await shares('round-robin', 'tcp://127.0.0.1:0')
  t.equal(
    counts.reduce((sum, count) => sum + count),
    400,
  )
  t.ok(Math.max(...counts) / Math.min(...counts) <= 1.1, `${counts}`)
})

t.test('least-connections spreads evenly, over a Unix socket as well', { skip }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'revio-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const counts = await shares('least-connections', `unix://${folder}/s`)
  t.ok(Math.max(...counts) / Math.min(...counts) <= 1.2, `${counts}`)
})

t.test('random and kernel reach every loop', { skip }, async t => {
  for (const balance of ['random', 'kernel'] as const) {
    const counts = await shares(balance, 'tcp://127.0.0.1:0')
    t.ok(Math.min(...counts) > 0, `${balance}: ${counts}`)
  }
})

t.test('least-connections fills the loop up that has lost its connections', { skip }, async t => {
  const running = serveLoops(echo, { loops: 2, balance: 'least-connections' }, 'tcp://127.0.0.1:0')
  const server = await running.listening
  const before = Array.from({ length: 20 }, () => new Client(server.addresses[0]))
  await spread(before, 2)
  const leaving: Client[] = []
  for (const client of before) if ((await client.loop()) === 1) leaving.push(client)
  t.equal(leaving.length, 10)
  // An orderly end, so that the loop has closed it when the client hears of that.
  for (const client of leaving) client.socket.end()
  await Promise.all(leaving.map(client => client.closed()))
  while (server.stats({ loop: 1 }).connections > 0) await new Promise(resolve => setImmediate(resolve))
  const after = Array.from({ length: 10 }, () => new Client(server.addresses[0]))
  t.strictSame(await spread(after, 2), [0, 10])
  server.shutdown()
  await running
})

t.test('maxConnections counts the connections of all loops', { skip }, async t => {
  const running = serveLoops(echo, { loops: 2 }, 'tcp://127.0.0.1:0?maxConnections=3')
  const server = await running.listening
  const clients = Array.from({ length: 4 }, () => new Client(server.addresses[0]))
  const [first, second, third, fourth] = clients
  await Promise.all([first, second, third].map(client => client?.loop()))
  t.equal(server.stats().accepted, 3)
  first?.socket.end()
  await first?.closed()
  await fourth?.loop()
  t.equal(server.stats().accepted, 4)
  server.shutdown()
  await running
})
