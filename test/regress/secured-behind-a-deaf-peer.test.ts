import t from 'tap'
import type { Server } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'
import { Authority, certificatesMissing, LOCAL } from '../transport/tls/certificates.js'

t.test('a connection secured behind output that its peer does not read waits without a turn', async t => {
  let server: Server | undefined
  const told: unknown[] = []
  const simulation = simulate({
    serving(met) {
      server = met
    },
    data(id) {
      if (server?.pending(id) === 0) return ['x'.repeat(200_000)]
      server?.secure(id, { isServer: false, rejectUnauthorized: false })
      // The token has the connection looked at by the next flush.
      return [null, undefined, 'behind']
    },
    sent: (_id, token, error) => void told.push(token, error),
  })
  const peer = simulation.connect({ paused: true }).send('x')
  t.ok(simulation.server.pending(1) > 0)
  const { turns } = simulation.server.stats()
  simulation.server.wake(1)
  t.ok(simulation.server.stats().turns < turns + 10)
  t.strictSame(told, [])
  peer.resume()
  t.ok(peer.received.startsWith('x'.repeat(200_000)))
  t.strictSame(told, ['behind', undefined])
})

t.test(
  'a dial to a name that the simulation does not know fails by closed, as one that cannot be resolved',
  async t => {
    const closed: unknown[] = []
    const simulation = simulate({
      opened: (_id, info) => void closed.push(info.closing),
      closed: (_id, error) => void closed.push((error as NodeJS.ErrnoException | undefined)?.code),
    })
    t.equal(simulation.server.dial('tcp://nowhere.invalid:5'), 1)
    t.strictSame(closed, [true, 'ENOTFOUND'])
    simulation.server.shutdown()
    await simulation.done
    t.strictSame(simulation.left, { connections: 0, timers: 0, steps: 0 })
  },
)

t.test(
  'a peer of a TLS address is refused once the loop has ended',
  { skip: certificatesMissing() ?? false },
  async t => {
    const { cert, key } = new Authority().issue(...LOCAL)
    const simulation = simulate({}, { addresses: [{ address: 'tls4://127.0.0.1:0', tls: { cert, key } }] })
    simulation.server.shutdown()
    await simulation.done
    t.match(simulation.connect(), { error: { code: 'ECONNREFUSED' }, closed: true })
  },
)
