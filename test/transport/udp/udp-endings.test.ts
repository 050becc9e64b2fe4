import { Buffer } from 'node:buffer'
import * as dgram from 'node:dgram'
import { Action } from '../../../lib/index.js'
import { noted } from './datagram-log.js'
import { inWorld, inWorldOf } from './datagram-world.js'

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

inWorldOf('net', 'a datagram that the system refuses later is told of with the error', async (t, world) => {
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
