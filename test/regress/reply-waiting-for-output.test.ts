import t from 'tap'
import type { Events, Server } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

/** Resolves with whether a piece of output has left; what `sent` is told settles it. */
function deliver(server: Server, id: number, piece: Uint8Array): Promise<boolean> {
  return new Promise(resolve => {
    if (!server.send(id, piece, { token: resolve })) resolve(false)
  })
}

const PIECE = Buffer.alloc(100_000)

/** A handler that sends for as long as its output leaves, and what became of its connection. */
function sending(before: () => Promise<void>) {
  const log: string[] = []
  let server: Server
  const events: Events = {
    serving(running) {
      server = running
    },
    async data(id) {
      await before()
      while (await deliver(server, id, PIECE)) log.push('left')
      log.push('over')
    },
    sent(_id, token, error) {
      const settle = token as (left: boolean) => void
      settle(error === undefined)
    },
    closed(_id, error) {
      log.push(`closed ${(error as NodeJS.ErrnoException | undefined)?.code}`)
    },
  }
  return { events, log }
}

t.test('a promised reply that waits for its output to leave hears that the connection broke', async t => {
  const { events, log } = sending(async () => {})
  const simulation = simulate(events)
  const peer = simulation.connect({ paused: true }).send('x')
  await new Promise(resolve => setImmediate(resolve))
  t.ok(simulation.server.pending(1) > 0)
  peer.reset()
  await simulation.settle()
  t.strictSame(log, ['over', 'closed ECONNRESET'])
  t.equal(simulation.server.connections, 0)
})

t.test('one that sends after the connection broke hears it as well', async t => {
  let proceed = () => {}
  const { events, log } = sending(() => new Promise(resolve => (proceed = resolve)))
  const simulation = simulate(events)
  simulation.connect().send('x').reset()
  proceed()
  await simulation.settle()
  t.strictSame(log, ['over', 'closed ECONNRESET'])
  t.equal(simulation.server.connections, 0)
})

t.test('a handler of sent that sends again at once does not do so for ever', async t => {
  let sends = 0
  let server: Server | undefined
  const simulation = simulate({
    serving(running) {
      server = running
    },
    data: () => new Promise(() => {}),
    opened: () => [PIECE, {}],
    sent(id) {
      sends += 1
      server?.send(id, PIECE, { token: 'again' })
    },
  })
  const peer = simulation.connect({ paused: true })
  server?.send(1, PIECE, { token: 'first' })
  peer.send('x').reset()
  t.equal(sends, 1)
})
