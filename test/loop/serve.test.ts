import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Action, type Info, type Server, serve } from '../../lib/index.js'
import { SocketPeer } from '../transport/socket-peer.js'
import { SocketWorld } from '../transport/socket-world.js'

t.test('one loop runs over several transports and networks at once', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'revio-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const addresses = [
    'tcp4://127.0.0.1:0',
    'tcp4-net://127.0.0.1:0',
    `unix://${folder}/native`,
    `unix-net://${folder}/net`,
  ]
  const world = new SocketWorld('net', 'tcp4')
  const infos: Info[] = []
  const { server, done } = await world.serve(
    {
      opened: (_id, info) => void infos.push(info),
      data: (id, input) => [`${id}:${input}`],
    },
    ...addresses,
  )
  const peers = server.addresses.map(address => new SocketPeer(address, {}).send('x'))
  await world.until('all echoes', () => peers.every(({ received }) => received.length === 3))
  t.strictSame(peers.map(({ received }) => received).sort(), ['1:x', '2:x', '3:x', '4:x'])
  t.strictSame(infos.map(({ addressIndex }) => addressIndex).sort(), [0, 1, 2, 3])
  t.equal(server.connections, 4)
  server.shutdown()
  await done
  await world.until('all ends', () => peers.every(({ ended }) => ended))
})

t.test('without an address, a loop serves what it dials', async t => {
  const world = new SocketWorld('net', 'tcp4')
  const far = await world.serve({ data: (_id, input) => [input] })
  let received = ''
  let own: Server | undefined
  await serve({
    serving(server) {
      own = server
      server.dial(String(far.server.addresses[0]))
    },
    opened: () => ['ping'],
    data(_id, input) {
      received += input
      return ['', received === 'ping' ? Action.Close : Action.None]
    },
    closed: () => Action.Shutdown,
  })
  t.equal(received, 'ping')
  t.strictSame(own?.addresses, [])
  await world.end()
})

t.test('several loops in one thread keep to themselves', async t => {
  const world = new SocketWorld('native', 'tcp4')
  const loops = await Promise.all(['a', 'b', 'c'].map(name => world.serve({ data: () => [name] })))
  const peers = loops.map(({ server }) => world.connect(server).send('x'))
  await world.until('all answers', () => peers.every(({ received }) => received.length === 1))
  t.equal(peers.map(({ received }) => received).join(''), 'abc')
  const [first, ...others] = loops
  first?.server.shutdown()
  await first?.done
  for (const { server } of others) t.equal(server.connections, 1)
  t.strictSame(await world.end(), [])
})

t.test(
  'whoever waits for serve hears of an address that is wrong, not of a throw where it was called',
  async t => {
    const served = serve({}, 'nonsense')
    t.type(served, Promise)
    await t.rejects(served, { code: 'ERR_ADDRESS', message: /^address "nonsense": / })
  },
)
