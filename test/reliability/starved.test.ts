import t from 'tap'
import { onBoth } from '../transport/on-both.js'
import { until } from '../transport/until.js'
import { Program } from './program.js'

const LIMIT = 64
const CLIENTS = 200

await onBoth(
  t,
  'without a descriptor left, what is open goes on and others are served later',
  async (t, transport) => {
    const program = await Program.start(t, { transport, descriptors: LIMIT })
    const clients = Array.from({ length: CLIENTS }, () => program.connect().send('x'))
    const served = () => clients.filter(({ received, closed, ended }) => received !== '' && !closed && !ended)
    await until('a few to be served', () => served().length > 5)

    let before = -1
    while (before !== served().length) {
      before = served().length
      t.ok((await program.ask<number>('utilization')) < 0.5, 'the loop rests')
    }
    t.ok(before < LIMIT, `${before} are served`)
    t.ok(program.descriptors >= LIMIT - 1, 'no descriptor is left')

    for (const client of served()) client.send('y')
    await until('those to be served on', () => served().every(({ received }) => received === 'xy'))

    // Those who have not been told anything. What node:net cannot take, it takes and closes at once.
    const waiting = () =>
      clients.filter(({ received, ended, error, closed }) => !received && !ended && !error && !closed)
    if (transport === 'native') t.equal(waiting().length, CLIENTS - before)
    while (waiting().length > 0) {
      const count = waiting().length
      for (const client of served().slice(0, 30)) client.close()
      await until('others to come in', () => waiting().length < count)
    }
    if (transport === 'native') t.ok(clients.every(({ received }) => received !== ''))
    for (const client of clients) client.close()

    const late = program.connect().send('z')
    await until('a late one to be served', () => late.received === 'z' || late.closed)
    t.equal(late.received, 'z')
    t.equal(program.running, true)
    t.equal(program.errors, '')
  },
)
