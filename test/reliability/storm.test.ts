import type { Test } from 'tap'
import t from 'tap'
import { onBoth } from '../transport/on-both.js'
import { until } from '../transport/until.js'
import { Program } from './program.js'

const ROUNDS = 20
const AT_ONCE = 100

await onBoth(t, 'a storm, and the rest after it', async (t, transport) => {
  const program = await Program.start(t, { transport })
  await t.test('thousands that connect and reset at once leave nothing behind', t => storm(t, program))
  await t.test('a server with nothing to do sleeps', t => rest(t, program))
})

async function storm(t: Test, program: Program): Promise<void> {
  const steady = program.connect().send('x')
  await until('an echo', () => steady.received === 'x')
  const before = program.descriptors
  for (let round = 1; round <= ROUNDS; round++) {
    const clients = Array.from({ length: AT_ONCE }, () => program.connect())
    await until('all connected', () => clients.every(({ socket }) => !socket.connecting))
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) client.send('some bytes')
      client.reset()
    }
    steady.send('y')
    await until('the steady one to be served', () => steady.received.length === round + 1)
  }
  await until('all to be gone', async () => (await program.ask<number>('connections')) === 1)
  await until('their descriptors', () => program.descriptors === before)
  t.equal(program.errors, '')
  t.equal(program.running, true)
}

async function rest(t: Test, program: Program): Promise<void> {
  const peers = Array.from({ length: 20 }, () => program.connect().send('x'))
  await until('all to be served', () => peers.every(({ received }) => received === 'x'))
  await until('a second in which it sleeps', async () => (await program.ask<number>('wakeUps')) <= 4)
  t.ok((await program.ask<number>('utilization')) < 0.1)
  for (const peer of peers) peer.send('y')
  await until('all to be served on', () => peers.every(({ received }) => received === 'xy'))
}
