import t from 'tap'
import { onBoth } from '../transport/on-both.js'
import { until } from '../transport/until.js'
import { Program } from './program.js'

await onBoth(t, 'a program without an stdin', async (t, transport) => {
  const program = await Program.start(t, { transport, stdin: 'closed' })

  await t.test('has something of the loop as descriptor 0, and it works', async t => {
    t.strictSame(await program.ask('standard'), ['0', '1', '2'])
    const peers = Array.from({ length: 10 }, () => program.connect().send('x'))
    await until('all to be served', () => peers.every(({ received }) => received === 'x'))
    for (const peer of peers) peer.end()
    await until('all to be gone', () => peers.every(({ ended }) => ended))
  })

  await t.test('loses no descriptor to a dial that fails', async t => {
    await program.ask('dial')
    await until('all dials to fail', () => program.ask<boolean>('allDialsFailed'))
    t.strictSame(await program.ask('standard'), ['0', '1', '2'])
    const peer = program.connect().send('x')
    await until('an echo', () => peer.received === 'x')
  })

  await t.test('is told of a promise that a handler rejects and nobody waits for', async t => {
    const peer = program.connect().send('r')
    await until('an echo', () => peer.received === 'r')
    await until('the rejection', async () => (await program.ask<number>('rejections')) === 1)
    t.equal(program.running, true)
  })
})
