import t from 'tap'
import { type Reply, type Server, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'
import { onEvery } from '../transport/on-every.js'

/** Handlers that answer the second connection, and send the first one something before that is written. */
function program(served: { server?: Server }) {
  let sends = true
  return {
    data(id: number): Reply {
      if (id !== 2) return undefined
      served.server?.send(1, 'early ')
      return ['answer']
    },
    prewrite(id: number) {
      if (id !== 2 || !sends) return
      sends = false
      served.server?.send(1, 'late')
    },
  }
}

await onEvery(t, "what another connection's prewrite sends is written without waiting", async (t, world) => {
  const served: { server?: Server } = {}
  const { server } = await world.serve({ ...program(served), opened: () => [null, { writeTimeout: 0 }] })
  served.server = server
  const first = world.connect(server)
  await world.until('the first', () => server.connections === 1)
  const second = world.connect(server).send('go')
  await world.until('an answer', () => second.received === 'answer')
  await world.until('both parts', () => first.received === 'early late')
  t.equal(server.pending(1), 0)
})

t.test('and so it is through a layer', async t => {
  const served: { server?: Server } = {}
  const same = (bytes: Buffer) => bytes
  const events = translate(
    program(served),
    () => true,
    () => ({ decode: same, encode: same }),
  )
  const simulation = simulate(events)
  served.server = simulation.server
  const first = simulation.connect()
  simulation.connect().send('go')
  t.equal(first.received, 'early late')
})
