import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import * as net from 'node:net'
import t, { type Test } from 'tap'
import { Action, type Server, serve } from '../../lib/index.js'
import { onBoth } from '../transport/on-both.js'
import { until } from '../transport/until.js'

const storage = new AsyncLocalStorage<string>()

/** What each handler of each connection saw, as `id handler: store`. */
type Seen = Set<string>

interface Running {
  readonly server: Server
  readonly seen: Seen
  /** Of the connections that are open. */
  readonly ids: ReadonlySet<number>
  readonly address: string
}

/** A loop that is started in the context `loop`, whose handlers note where they run and then go elsewhere. */
async function start(t: Test, transport: 'net' | 'native'): Promise<Running> {
  const seen: Seen = new Set()
  const ids = new Set<number>()
  const note = (id: number, handler: string) => {
    seen.add(`${id} ${handler}: ${storage.getStore()}`)
    storage.enterWith(`${id}'s`)
  }
  return new Promise(resolve => {
    const served = storage.run('loop', () =>
      serve(
        {
          serving(server) {
            seen.add(`serving: ${storage.getStore()}`)
            storage.enterWith('serving')
            const scheme = transport === 'net' ? 'tcp4-net' : 'tcp4'
            resolve({ server, seen, ids, address: `${scheme}://127.0.0.1:${server.addresses[0]?.port}` })
          },
          tick() {
            seen.add(`tick: ${storage.getStore()}`)
            return undefined
          },
          opened(id) {
            ids.add(id)
            note(id, 'opened')
          },
          data(id, input) {
            note(id, input === null ? 'wake' : 'data')
            // Both ends may be ours: not everything is answered.
            if (input !== null && String(input) !== 'hello') return undefined
            return [input ?? 'woken', Action.None, 'token']
          },
          prewrite: id => note(id, 'prewrite'),
          postwrite: id => note(id, 'postwrite'),
          sent: id => note(id, 'sent'),
          closed(id) {
            ids.delete(id)
            note(id, 'closed')
          },
        },
        `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`,
      ),
    )
    t.teardown(async () => {
      running?.shutdown()
      await served
    })
    let running: Server | undefined
    void served.listening.then(server => (running = server))
  })
}

/** The stores that a connection's handlers saw. Its own may be among them: Node remembers `enterWith` before 24. */
function storesOf(seen: Seen, id: number): string[] {
  const stores = [...seen].filter(line => line.startsWith(`${id} `)).map(line => line.split(': ')[1] ?? '')
  return [...new Set(stores)].filter(store => store !== `${id}'s`)
}

await onBoth(t, 'handlers run in the context of their own connection', async (t, transport) => {
  const { server, seen, ids } = await start(t, transport)
  t.ok(seen.has('serving: loop'))
  await until('the first tick', () => seen.has('tick: loop'))
  const sockets = Array.from({ length: 8 }, () => net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1'))
  await Promise.all(sockets.map(socket => once(socket, 'connect')))
  for (const socket of sockets) socket.write('hello')
  await Promise.all(sockets.map(socket => once(socket, 'data')))
  for (const id of ids) {
    storage.run(`caller ${id}`, () => {
      server.wake(id)
      server.send(id, 'sent', { token: 1 })
    })
  }
  await Promise.all(sockets.map(socket => once(socket, 'data')))
  for (const socket of sockets) socket.end()
  await until('all to be closed', () => [...seen].filter(line => line.includes('closed')).length === 8)
  for (let id = 1; id <= 8; id++) t.strictSame(storesOf(seen, id), ['loop'], `connection ${id}`)
  const handlers = new Set([...seen].map(line => line.split(' ')[1]?.split(':')[0]))
  for (const name of ['opened', 'data', 'wake', 'prewrite', 'postwrite', 'sent', 'closed']) {
    t.ok(handlers.has(name), name)
  }
})

await onBoth(t, 'those of a dialled or attached one run where that was asked for', async (t, transport) => {
  const { server, seen, ids, address } = await start(t, transport)
  const dialled = storage.run('dialler', () => server.dial(address))
  const socket = net.connect(server.addresses[0]?.port ?? 0, '127.0.0.1')
  await once(socket, 'connect')
  const attached = storage.run('attacher', () => server.attach(socket))
  await until('both ends of both', () => ids.size === 4)
  for (const id of ids) server.wake(id)
  await until('all to be woken', () => [...seen].filter(line => line.includes('wake')).length >= 4)
  t.strictSame(storesOf(seen, dialled), ['dialler'])
  t.strictSame(storesOf(seen, attached), ['attacher'])
  for (const id of ids) {
    if (id !== dialled && id !== attached) t.strictSame(storesOf(seen, id), ['loop'])
  }
})
