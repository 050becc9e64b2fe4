import { Buffer } from 'node:buffer'
import * as dgram from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'
import { Action, type Address, type Events, type Info } from '../../lib/index.js'
import { inWorld } from './datagram-world.js'

/** Writes down what happens to the connections of `events`. */
function noted(events: Events, log: string[]): Events {
  return {
    ...events,
    opened(id, info) {
      log.push(`${id} opened`)
      return events.opened?.(id, info)
    },
    closed(id, error) {
      log.push(`${id} closed ${(error as NodeJS.ErrnoException | undefined)?.code ?? 'in order'}`)
      return events.closed?.(id, error, undefined)
    },
  }
}

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

inWorld('a connection that is closed opens anew with the next datagram', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve(
    noted({ data: (id, input) => [`${id}`, String(input) === 'bye' ? Action.Close : Action.None] }, log),
  )
  const peer = await world.peer(server)
  peer.send('bye')
  await world.until('the end', () => log.length === 2)
  peer.send('again')
  await world.until('the answers', () => peer.received.length === 2)
  t.strictSame(peer.texts, ['1', '2'])
  t.strictSame(log, ['1 opened', '1 closed in order', '2 opened'])
})

inWorld('Detach counts as Close', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve(
    noted({ data: () => ['x', Action.Detach], detached: () => void log.push('detached') }, log),
  )
  const peer = await world.peer(server)
  peer.send('a')
  await world.until('the end', () => log.length === 2)
  await world.until('the output', () => peer.received.length === 1)
  t.strictSame(log, ['1 opened', '1 closed in order'])
})

inWorld('what is silent for idleTimeout is closed; input and output both put that off', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve(noted({ opened: () => [null, { idleTimeout: 150 }] }, log))
  const [silent, sending, hearing] = await Promise.all([1, 2, 3].map(() => world.peer(server)))
  silent?.send('x')
  await world.until('one', () => server.connections === 1)
  sending?.send('x')
  await world.until('two', () => server.connections === 2)
  hearing?.send('x')
  await world.until('three', () => server.connections === 3)
  const timer = setInterval(() => {
    sending?.send('x')
    server.send(3, 'x')
  }, 10)
  await world.until('a timeout', () => log.length === 4)
  clearInterval(timer)
  t.strictSame(log.slice(3), ['1 closed ETIMEDOUT'])
  await world.until('the others', () => log.length === 6)
})

inWorld('at maxConnections the remote that was silent longest is closed', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve(
    noted({ data: id => [`${id}`] }, log),
    'udp4://127.0.0.1:0?maxConnections=3',
  )
  const peers = await Promise.all([1, 2, 3, 4, 5].map(() => world.peer(server)))
  const say = async (index: number) => {
    const peer = peers[index]
    const before = peer?.received.length ?? 0
    peer?.send('x')
    await world.until('an answer', () => peer?.received.length === before + 1)
  }
  for (const index of [0, 1, 2, 0]) await say(index)
  server.send(2, 'heard')
  await world.until('the output', () => peers[1]?.received.length === 2)
  await say(3)
  t.equal(server.connections, 3)
  t.strictSame(log.slice(3), ['3 closed ENOBUFS', '4 opened'], '1 sent and 2 was sent to since')
  await say(4)
  t.strictSame(log.slice(5), ['1 closed ENOBUFS', '5 opened'])
})

inWorld(
  'one that is closed as it is pushed out while its reply is promised hears nothing of it',
  async (t, world) => {
    const log: string[] = []
    let settle: (() => void) | undefined
    const { server } = await world.serve(
      noted(
        {
          data: id =>
            id > 1
              ? ['hello']
              : new Promise(resolve => {
                  settle = () => resolve(['late'])
                }),
        },
        log,
      ),
      'udp4://127.0.0.1:0?maxConnections=1',
    )
    const [first, second] = [await world.peer(server), await world.peer(server)]
    first.send('x')
    await world.until('a promise', () => settle !== undefined)
    second.send('x')
    await world.until('the other one', () => second.received.length === 1)
    t.strictSame(log, ['1 opened', '1 closed ENOBUFS', '2 opened'])
    settle?.()
    second.send('x')
    await world.until('the other one again', () => second.received.length === 2)
    t.strictSame(first.texts, [])
  },
)

inWorld('an oversized datagram is the error of its connection, and of no other', async (t, world) => {
  const log: string[] = []
  const errors: (Error | undefined)[] = []
  const { server } = await world.serve(
    noted(
      {
        data: (_id, input) => [Buffer.alloc(Number(String(input)))],
        closed: (_id, error) => void errors.push(error),
      },
      log,
    ),
  )
  const [first, second] = [await world.peer(server), await world.peer(server)]
  second.send('1')
  await world.until('the second', () => second.received.length === 1)
  first.send('65508')
  await world.until('the error', () => log.length === 3)
  t.match(errors[0], {
    code: 'EMSGSIZE',
    message: `a datagram to udp4://127.0.0.1:${first.port} may have 65507 bytes, and not 65508`,
  })
  second.send('65507')
  await world.until('the largest', () => second.received.length === 2)
  t.equal(second.received[1]?.length, 65_507)
  t.strictSame(log, ['1 opened', '2 opened', '2 closed EMSGSIZE'])
})

inWorld('a remote that is not there any more does the binding no harm', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve(noted({ data: () => ['x'] }, log))
  const [here, gone] = [await world.peer(server), await world.peer(server)]
  here.send('x')
  await world.until('the first', () => here.received.length === 1)
  gone.send('x')
  await world.until('the second', () => gone.received.length === 1)
  gone.close()
  for (let sent = 0; sent < 3; sent += 1) {
    t.ok(server.send(2, 'y'))
    here.send('x')
    await world.until('the first again', () => here.received.length === sent + 2)
  }
  t.strictSame(log, ['1 opened', '2 opened'])
})

inWorld('a handler that throws closes its connection alone', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve(
    noted(
      {
        data(_id, input) {
          if (String(input) === 'bad') throw Object.assign(new Error('bad'), { code: 'EBAD' })
          return [input]
        },
      },
      log,
    ),
  )
  const [first, second] = [await world.peer(server), await world.peer(server)]
  first.send('bad')
  await world.until('the end', () => log.length === 2)
  second.send('good')
  await world.until('the echo', () => second.received.length === 1)
  t.strictSame(log, ['1 opened', '1 closed EBAD', '2 opened'])
})

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

inWorld('a shutdown closes every remote', async (t, world) => {
  const log: string[] = []
  const { server, done } = await world.serve(
    noted({ data: (_id, input) => ['bye', String(input) === 'end' ? Action.Shutdown : Action.None] }, log),
  )
  const [first, second] = [await world.peer(server), await world.peer(server)]
  first.send('x')
  await world.until('the answer', () => first.received.length === 1)
  second.send('end')
  await done
  t.strictSame(log, ['1 opened', '2 opened', '1 closed in order', '2 closed in order'])
  await world.until('the last answer', () => second.received.length === 1)
  const again = await world.serve({}, String(server.addresses[0]))
  t.equal(again.server.addresses[0]?.port, server.addresses[0]?.port, 'the port is free again')
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
      message: new RegExp(`^address "${taken}": `),
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

inWorld('each token is told of once its datagram has gone, before closed', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve(
    noted(
      {
        data(id, input) {
          server.send(id, '', { token: 'empty' })
          return [input, Action.Close, 'reply']
        },
        sent: (id, token, error) => void log.push(`${id} ${token} ${error}`),
      },
      log,
    ),
  )
  const peer = await world.peer(server)
  peer.send('x')
  await world.until('the end', () => log.length === 4)
  await world.until('the answers', () => peer.received.length === 2)
  t.strictSame(log, ['1 opened', '1 empty undefined', '1 reply undefined', '1 closed in order'])
})

inWorld('the tokens of datagrams behind one that cannot go are told of with its error', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve(
    noted(
      {
        data(id) {
          for (const size of [10, 65_508, 20]) server.send(id, 'x'.repeat(size), { token: size })
        },
        sent: (_id, token, error) => {
          log.push(`${token} ${(error as NodeJS.ErrnoException | undefined)?.code}`)
        },
      },
      log,
    ),
  )
  const peer = await world.peer(server)
  peer.send('x')
  await world.until('the end', () => log.length === 5)
  t.strictSame(log, ['1 opened', '10 undefined', '65508 EMSGSIZE', '20 EMSGSIZE', '1 closed EMSGSIZE'])
  await world.until('the one that went', () => peer.received.length === 1)
})

inWorld('a datagram that the system refuses later is told of with the error', async (t, world) => {
  const log: string[] = []
  const { server } = await world.serve(
    noted(
      {
        data: (_id, input) => [input, Action.None, String(input)],
        sent: (_id, token, error) => {
          log.push(`${token} ${(error as NodeJS.ErrnoException | undefined)?.code}`)
        },
      },
      log,
    ),
  )
  const peer = await world.peer(server)
  peer.send('a')
  await world.until('the first', () => log.length === 2)
  const { send } = dgram.Socket.prototype
  t.teardown(() => Object.assign(dgram.Socket.prototype, { send }))
  // The system's refusal, which loopback never gives.
  const refuse = (...args: unknown[]) => {
    const done = args.at(-1) as (error: Error) => void
    process.nextTick(done, Object.assign(new Error('no route'), { code: 'ENETUNREACH' }))
  }
  server.send(1, 'b', { token: 'b' })
  server.send(1, 'c', { token: 'c', action: Action.Close })
  Object.assign(dgram.Socket.prototype, { send: refuse })
  await world.until('the end', () => log.length === 5)
  Object.assign(dgram.Socket.prototype, { send })
  t.strictSame(log, ['1 opened', 'a undefined', 'b ENETUNREACH', 'c ENETUNREACH', '1 closed ENETUNREACH'])
})
