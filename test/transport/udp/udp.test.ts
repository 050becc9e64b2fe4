import { Buffer } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import { Action, type Address, type Info } from '../../../lib/index.js'
import { noted } from './datagram-log.js'
import { inWorld } from './datagram-world.js'

inWorld('each datagram is one event, and each output one datagram', async (t, world) => {
  const inputs: string[] = []
  const { server } = await world.serve({
    data(_id, input) {
      inputs.push(String(input))
      return [['<', input ?? '', '>']]
    },
  })
  const peer = await world.peer(server)
  peer.send('one', 'two', 'three')
  await world.until('three answers', () => peer.received.length === 3)
  t.strictSame(inputs, ['one', 'two', 'three'])
  t.strictSame(peer.texts, ['<one>', '<two>', '<three>'], 'a list goes out as one, in order')
})

inWorld('a remote keeps its id, and each remote has one of its own', async (t, world) => {
  const log: string[] = []
  const infos: Info[] = []
  const { server } = await world.serve(
    noted(
      {
        opened: (_id, info) => {
          infos.push(info)
        },
        data: (id, input) => [`${id}:${input}`],
      },
      log,
    ),
  )
  const [first, second] = [await world.peer(server), await world.peer(server)]
  first.send('a')
  await world.until('the first answer', () => first.received.length === 1)
  second.send('b')
  await world.until('the second answer', () => second.received.length === 1)
  first.send('c')
  await world.until('the third answer', () => first.received.length === 2)
  t.strictSame(first.texts, ['1:a', '1:c'])
  t.strictSame(second.texts, ['2:b'])
  t.strictSame(log, ['1 opened', '2 opened'])
  t.equal(server.connections, 2)
  t.match(infos[0], {
    addressIndex: 0,
    closing: false,
    localAddress: { network: 'udp4', host: '127.0.0.1', port: server.addresses[0]?.port },
    remoteAddress: { network: 'udp4', host: '127.0.0.1', port: first.port },
  })
  t.equal(String(infos[0]?.remoteAddress), `udp4://127.0.0.1:${first.port}`)
})

inWorld('the same remote at two bindings is two connections', async (t, world) => {
  const indexes = new Map<number, number>()
  const { server } = await world.serve(
    {
      opened: (id, { addressIndex }) => {
        indexes.set(id, addressIndex)
      },
      data: id => [`${id}`],
    },
    'udp4://127.0.0.1:0',
    'udp4://127.0.0.1:0',
  )
  const peer = await world.peer(server)
  peer.send('x')
  await world.until('an answer', () => peer.received.length === 1)
  peer.close()
  const other = await world.peerOf(server.addresses[1] as Address, peer.port)
  other.send('y')
  await world.until('another answer', () => other.received.length === 1)
  t.strictSame([...indexes.values()], [0, 1])
  t.strictSame([peer.texts, other.texts], [['1'], ['2']])
})

inWorld('an empty datagram is an event, and an empty chunk an empty datagram', async (t, world) => {
  const outs = ['', Buffer.alloc(0), [''], [], null, undefined]
  let inputs = 0
  const { server } = await world.serve({
    data(_id, input) {
      t.equal(input?.length, 0)
      inputs += 1
      return [outs[inputs - 1]]
    },
  })
  const peer = await world.peer(server)
  for (let sent = 1; sent <= outs.length; sent += 1) {
    peer.send('')
    await world.until('the event', () => inputs === sent)
  }
  await world.until('the answers', () => peer.received.length === 3)
  server.send(1, 'last')
  await world.until('the last', () => peer.received.length === 4)
  t.strictSame(peer.texts, ['', '', '', 'last'], 'an empty list and nothing are no datagram')
})

inWorld('empty datagrams among others keep their place', async (t, world) => {
  const { server } = await world.serve({})
  const peer = await world.peer(server)
  peer.send('x')
  await world.until('a connection', () => server.connections === 1)
  for (const out of ['', 'a', '', '', 'b', '']) t.ok(server.send(1, out))
  await world.until('all of them', () => peer.received.length === 6)
  t.strictSame(peer.texts, ['', 'a', '', '', 'b', ''])
})

inWorld('send, wake and promised replies reach the remote that they are for, later too', async (t, world) => {
  const { server } = await world.serve({
    async data(id, input) {
      if (input === null) return [`woken ${id}`]
      await sleep(20)
      return [`promised ${id}`]
    },
  })
  const [first, second] = [await world.peer(server), await world.peer(server)]
  first.send('a')
  await world.until('the first', () => first.received.length === 1)
  second.send('b')
  await world.until('the second', () => second.received.length === 1)
  t.ok(server.wake(1))
  t.ok(server.send(2, 'sent 2'))
  t.notOk(server.send(3, 'nobody'))
  await world.until('the rest', () => first.received.length === 2 && second.received.length === 2)
  t.strictSame(first.texts, ['promised 1', 'woken 1'])
  t.strictSame(second.texts, ['promised 2', 'sent 2'])
})

inWorld(
  'datagrams that come while a reply is promised or reading is paused wait, each for itself',
  async (t, world) => {
    let settle: (() => void) | undefined
    const inputs: string[] = []
    const { server } = await world.serve({
      data(id, input) {
        inputs.push(`${id}:${input}`)
        if (String(input) !== 'wait') return
        return new Promise(resolve => {
          settle = () => resolve(['done'])
        })
      },
    })
    const [slow, quick] = [await world.peer(server), await world.peer(server)]
    slow.send('wait', 'b', '', 'c')
    await world.until('a promise', () => settle !== undefined)
    quick.send('q')
    await world.until('the other one', () => inputs.length === 2)
    t.strictSame(inputs, ['1:wait', '2:q'])
    settle?.()
    await world.until('what waited', () => inputs.length === 5)
    t.strictSame(inputs.slice(2), ['1:b', '1:', '1:c'])
    t.strictSame(slow.texts, ['done'])
    t.ok(server.pause(1))
    slow.send('d', 'e')
    quick.send('r')
    await world.until('the other one again', () => inputs.includes('2:r'))
    t.notOk(inputs.includes('1:d'))
    t.ok(server.resume(1))
    await world.until('what waited again', () => inputs.length === 8)
    t.strictSame(inputs.slice(6), ['1:d', '1:e'])
  },
)

inWorld('prewrite and postwrite carry the id and size of each datagram', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve({
    data: (_id, input) => [String(input).repeat(2)],
    prewrite: (id, amount) => void log.push(`${id} before ${amount}`),
    postwrite: (id, amount, remaining) => void log.push(`${id} after ${amount} ${remaining}`),
  })
  const [first, second] = [await world.peer(server), await world.peer(server)]
  first.send('aa')
  await world.until('the first', () => first.received.length === 1)
  second.send('b')
  await world.until('the second', () => second.received.length === 1)
  first.send('ccc')
  await world.until('the third', () => first.received.length === 2)
  t.strictSame(log, ['1 before 4', '1 after 4 0', '2 before 2', '2 after 2 0', '1 before 6', '1 after 6 0'])
})

inWorld('opened may answer, pause, close and give a context', async (t, world) => {
  const inputs: string[] = []
  const { server } = await world.serve<string>({
    opened(id) {
      if (id === 1) return ['welcome', { context: 'ctx', paused: true }]
      return ['no', {}, Action.Close]
    },
    data: (id, input, context) => void inputs.push(`${id} ${input} ${context}`),
  })
  const [first, second] = [await world.peer(server), await world.peer(server)]
  first.send('a')
  await world.until('the welcome', () => first.received.length === 1)
  second.send('b')
  await world.until('the refusal', () => second.received.length === 1)
  t.strictSame(inputs, [])
  t.equal(server.connections, 1)
  server.resume(1)
  await world.until('the input', () => inputs.length === 1)
  t.strictSame(inputs, ['1 a ctx'])
})

inWorld(
  'udp takes both families, udp4 and udp6 their own, and mapped IPv4 reads as IPv4',
  async (t, world) => {
    const remotes: string[] = []
    const { server } = await world.serve(
      {
        opened: (_id, { remoteAddress }) => void remotes.push(String(remoteAddress)),
        data: (_id, input) => [input],
      },
      'udp://:0',
    )
    const [address] = server.addresses
    if (address?.network !== 'udp6') return void t.pass('dual stack', { skip: 'this machine has no IPv6' })
    const four = await world.peerOf({ host: '127.0.0.1', port: address.port })
    four.send('four')
    await world.until('an echo over IPv4', () => four.received.length === 1)
    const six = await world.peerOf({ host: '::1', port: address.port })
    six.send('six')
    await world.until('an echo over IPv6', () => six.received.length === 1)
    t.strictSame(remotes, [`udp4://127.0.0.1:${four.port}`, `udp6://[::1]:${six.port}`])
    const own = await world.serve({}, `udp4://:0`, `udp6://:0`, 'udp://localhost:0')
    t.strictSame(
      own.server.addresses.slice(0, 2).map(({ network, host }) => `${network} ${host}`),
      ['udp4 0.0.0.0', 'udp6 ::'],
    )
  },
)

inWorld(
  'a port that is taken is an error that names the address, and nothing stays bound',
  async (t, world) => {
    const { server } = await world.serve({})
    const taken = String(server.addresses[0])
    await t.rejects(world.serve({}, 'udp4://127.0.0.1:0', taken), {
      code: 'EADDRINUSE',
      message: new RegExp(`^address "${world.written(taken)}": `),
    })
  },
)

inWorld('dialling a datagram address is refused', async (t, world) => {
  const { server } = await world.serve({})
  t.throws(() => server.dial('udp://127.0.0.1:53'), { code: 'ERR_UNSUPPORTED' })
})

inWorld('datagrams and streams share one loop', async (t, world) => {
  const { server } = await world.serve(
    { data: (_id, input) => [input] },
    'udp://127.0.0.1:0',
    'tcp://127.0.0.1:0',
  )
  const peer = await world.peer(server)
  peer.send('x')
  await world.until('the echo', () => peer.received.length === 1)
  t.strictSame(
    server.addresses.map(({ network }) => network),
    ['udp4', 'tcp4'],
  )
})

inWorld('with reuseInputBuffer what is echoed, at once or later, is what came', async (t, world) => {
  const { server } = await world.serve({
    opened: () => [null, { reuseInputBuffer: true }],
    data: async (_id, input) => {
      const text = String(input)
      await sleep(1)
      return [text]
    },
  })
  const echo = await world.serve({
    opened: () => [null, { reuseInputBuffer: true }],
    data: (_id, input) => [input],
  })
  const peers = await Promise.all([1, 2, 3].map(() => world.peer(server)))
  const others = await Promise.all([1, 2, 3].map(() => world.peer(echo.server)))
  for (const [index, peer] of [...peers, ...others].entries()) {
    for (let round = 0; round < 20; round += 1) peer.send(`${index} ${round}`)
  }
  for (const [index, peer] of [...peers, ...others].entries()) {
    await world.until('its answers', () => peer.received.length === 20)
    t.strictSame(
      peer.texts,
      Array.from({ length: 20 }, (_, round) => `${index} ${round}`),
    )
  }
})
