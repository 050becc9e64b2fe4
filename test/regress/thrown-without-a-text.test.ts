import t from 'tap'
import { Action, type Events, type Server, serve } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

const { proxy, revoke } = Proxy.revocable({}, {})
revoke()

class Deceitful extends Error {
  override get message(): string {
    throw new Error('not even this')
  }
}

const unspeakable: readonly [string, unknown][] = [
  ['an object without a prototype', Object.create(null)],
  ['a revoked proxy', proxy],
  [
    'an object whose toString throws',
    {
      toString() {
        throw new Error('no')
      },
    },
  ],
  ['a symbol', Symbol('s')],
  ['an error that cannot be read', new Deceitful()],
]

for (const [name, thrown] of unspeakable) {
  t.test(`${name} that a handler throws closes its own connection, whatever the handler`, async t => {
    const fail = () => {
      throw thrown
    }
    const ways: Record<string, Events> = {
      opened: { opened: fail },
      data: { data: fail },
      rejection: { data: () => Promise.reject(thrown) },
      prewrite: { data: () => ['x'], prewrite: fail },
      postwrite: { data: () => ['x'], postwrite: fail },
      sent: { data: () => ['x', Action.None, 1], sent: fail },
      closed: { data: () => [null, Action.Close], closed: fail },
    }
    for (const [way, events] of Object.entries(ways)) {
      const told: (Error | undefined)[] = []
      const closed: Events = way === 'closed' ? {} : { closed: (_id, error) => void told.push(error) }
      const simulation = simulate({ ...events, ...closed }, { failures: 'collect' })
      const peer = simulation.connect()
      if (way !== 'opened') peer.send('x')
      await simulation.settle()
      t.equal(simulation.server.connections, 0, way)
      t.equal(simulation.failures.length, 1, way)
      t.ok(simulation.failures[0]?.error instanceof Error, way)
      if (way !== 'closed') t.equal(told[0], simulation.failures[0]?.error, way)
    }
  })
}

for (const scheme of ['tcp', 'tcp-net']) {
  t.test(`${scheme}: the process outlives it, and so do the other connections`, async t => {
    const failures: Error[] = []
    let server: Server | undefined
    let next = 0
    const dialled: Events = {
      opened: () => ['x'],
      closed() {
        if (failures.length === unspeakable.length) server?.shutdown()
        else server?.dial(String(server.addresses[0]), { events: dialled })
      },
    }
    const running = serve(
      {
        data() {
          throw unspeakable[next++]?.[1]
        },
        failed: error => void failures.push(error),
      },
      `${scheme}://127.0.0.1:0`,
    )
    server = await running.listening
    server.dial(String(server.addresses[0]), { events: dialled })
    await running
    t.equal(failures.length, unspeakable.length)
  })
}
