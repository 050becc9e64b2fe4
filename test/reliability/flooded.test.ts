import { Buffer } from 'node:buffer'
import type { Test } from 'tap'
import t from 'tap'
import { onBoth } from '../transport/on-both.js'
import { until } from '../transport/until.js'
import { Program } from './program.js'

const MIB = 1024 * 1024

await onBoth(t, 'a client that sends without end', async (t, transport) => {
  const program = await Program.start(t, { transport })
  await t.test('costs nothing once it is held back, as it does not read', t => neverReading(t, program))
  await t.test('leaves the others their turn', t => busy(t, program))
})

async function neverReading(t: Test, program: Program): Promise<void> {
  const flood = program.connect('echo', { paused: true })
  for (let sent = 0; sent < 100; sent++) flood.send(Buffer.alloc(MIB))
  let before = -1
  for (let unsent = flood.unsent; unsent !== before; unsent = flood.unsent) {
    before = unsent
    await program.ask('utilization')
  }
  t.ok(before > 50 * MIB, `${before} bytes are still with the client`)
  t.ok((await program.ask<number>('pending')) > MIB)
  const utilization = await program.ask<number>('utilization')
  t.ok(utilization < 0.2, `the loop was busy for ${utilization} of the time`)
  const other = program.connect().send('x')
  await until('another to be served', () => other.received === 'x')
  flood.close()
}

async function busy(t: Test, program: Program): Promise<void> {
  const flood = program.connect('sink')
  const size = 200 * MIB
  for (let sent = 0; sent < size / MIB; sent++) flood.send(Buffer.alloc(MIB))
  const other = program.connect()
  let rounds = 0
  while ((await program.ask<number>('received')) < size) {
    other.send('x')
    rounds += 1
    await until('the other to be served', () => other.received.length === rounds)
  }
  t.ok(rounds > 5, `${rounds} times meanwhile`)
  const most = await program.ask<number>('mostInTurn')
  t.ok(most <= 4 * MIB, `at most ${most} bytes were read in one turn`)
}
