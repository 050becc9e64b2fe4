import t from 'tap'
import { Action, type Reply, type Server } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

t.test('a deadline that passes while the last output waits holds up nobody', async t => {
  for (const action of [Action.Close, Action.Detach]) {
    const told: string[] = []
    let server: Server | undefined
    const simulation = simulate({
      serving: running => {
        server = running
      },
      opened: () => [null, { writeTimeout: 1000 }],
      data(id, input): Reply {
        if (String(input) === 'ping') return ['pong']
        server?.deadline(id, 5)
        return ['x'.repeat(10_000_000), action]
      },
      expired: () => void told.push('expired'),
      closed: () => void told.push('closed'),
      detached: (_id, socket) => void socket.destroy(),
    })
    const deaf = simulation.connect({ paused: true }).send('x')
    const other = simulation.connect()
    simulation.advance(20)
    t.strictSame(told, [], 'what closes has said its last word')
    other.send('ping')
    simulation.advance(20)
    t.equal(other.received, 'pong')
    simulation.advance(2000)
    t.strictSame(told, ['closed'])
    deaf.close()
    server?.shutdown()
    simulation.advance(2000)
  }
})

t.test('a deadline that is due at once when it has passed leaves the others their turn', async t => {
  let expired = 0
  let server: Server | undefined
  const simulation = simulate({
    serving: running => {
      server = running
    },
    data(id, input) {
      if (String(input) !== 'x') return ['pong']
      server?.deadline(id, 0)
      return undefined
    },
    expired(id) {
      expired += 1
      server?.deadline(id, 0)
    },
  })
  simulation.connect().send('x')
  const other = simulation.connect()
  simulation.advance(10)
  other.send('ping')
  simulation.advance(10)
  t.equal(other.received, 'pong')
  t.ok(expired >= 10 && expired <= 30, `${expired} times in 20 ms`)
  server?.shutdown()
  simulation.advance(2000)
})
