import { Action, type Events, type Reply } from '../../../lib/index.js'
import { digest, pattern } from '../pattern.js'
import type { Rules } from './rule.js'

/** Records reported tokens and the end. */
function noted(events: Events, log: string[]): Events {
  const codeOf = (error: Error | undefined) => (error as NodeJS.ErrnoException | undefined)?.code
  return {
    ...events,
    sent(id, token, error) {
      log.push(`sent ${token}${error === undefined ? '' : ` ${codeOf(error)}`}`)
      return events.sent?.(id, token, error, undefined)
    },
    closed(_id, error) {
      log.push(`closed${error === undefined ? '' : ` ${codeOf(error)}`}`)
    },
    ...(events.detached && {
      detached: (id, socket) => {
        log.push('detached')
        return events.detached?.(id, socket, undefined)
      },
    }),
  }
}

/** Tokens: their output has been accepted by the OS, or was discarded. */
export const receipts: Rules = {
  'each token is told of once, in order, when its bytes have gone': async (t, world) => {
    const told: number[] = []
    let written = 0
    let ends = 0
    const { server } = await world.serve({
      data(id, input): Reply {
        const at = () => {
          ends += 1000
          return { end: ends, number: told.length }
        }
        server.send(id, 'x'.repeat(1000), { token: at() })
        return [['y'.repeat(900), String(input).padEnd(100)], Action.None, at()]
      },
      postwrite: (_id, amount) => {
        written += amount
      },
      sent(_id, token, error) {
        const { end } = token as { end: number }
        told.push(end)
        t.equal(error, undefined)
        t.ok(written >= end, `${end} is told of after the postwrite that reports it`)
      },
    })
    const peer = world.connect(server)
    for (let count = 1; count <= 20; count += 1) {
      peer.send('z')
      await world.until('the answers', () => peer.receivedBytes.length >= 2000 * count)
    }
    await world.until('all tokens', () => told.length >= ends / 1000)
    t.strictSame(
      told,
      Array.from({ length: ends / 1000 }, (_, index) => 1000 * (index + 1)),
    )
  },

  'a token waits for the peer to read': async (t, world) => {
    const log: string[] = []
    const first = pattern(1.5 * world.much)
    let id = 0
    const { server } = await world.serve(
      noted(
        {
          opened(given) {
            id = given
            return [null, { maxPending: 3 * world.much }]
          },
        },
        log,
      ),
    )
    const peer = world.connect(server, { paused: true })
    await world.until('a connection', () => id > 0)
    server.send(id, first, { token: 'first' })
    server.send(id, null, { token: 'nothing' })
    server.send(id, 'second', { token: 'second' })
    await world.until('an attempt', () => server.pending(id) < 1.5 * world.much)
    await world.pass(20)
    t.strictSame(log, [])
    peer.resume()
    await world.until('the tokens', () => log.length === 3)
    t.strictSame(log, ['sent first', 'sent nothing', 'sent second'])
    t.equal(server.pending(id), 0)
    await world.until('the bytes', () => peer.receivedBytes.length === 1.5 * world.much + 6)
    t.equal(digest(peer.receivedBytes.subarray(0, 1.5 * world.much)), digest(first))
  },

  'a token without output is told of when all before it has gone, and not inside a handler': async (
    t,
    world,
  ) => {
    const log: string[] = []
    const { server } = await world.serve(
      noted(
        {
          data(id): Reply {
            t.ok(server.send(id, '', { token: 1 }))
            t.ok(server.send(id, undefined, { token: 2 }))
            log.push('handled')
            return [[], Action.None, 3]
          },
        },
        log,
      ),
    )
    world.connect(server).send('x')
    await world.until('the tokens', () => log.length === 4)
    t.strictSame(log, ['handled', 'sent 1', 'sent 2', 'sent 3'])
  },

  'tokens are told of before closed and detached': async (t, world) => {
    for (const action of [Action.Close, Action.Detach]) {
      const log: string[] = []
      const { server } = await world.serve(
        noted({ data: () => ['bye', action, 'bye'], detached: (_id, socket) => void socket.destroy() }, log),
      )
      const peer = world.connect(server).send('x')
      await world.until('the end', () => log.length === 2)
      t.strictSame(log, ['sent bye', action === Action.Close ? 'closed' : 'detached'])
      await world.until('the output', () => peer.received === 'bye')
    }
  },

  'tokens whose bytes never went are told of with the error, before closed': async (t, world) => {
    if (world.network === 'unix') return void t.pass('reset', { skip: 'Unix sockets have no reset' })
    const log: string[] = []
    let id = 0
    const { server } = await world.serve(
      noted(
        {
          opened(given) {
            id = given
            return [null, { maxPending: 3 * world.much }]
          },
        },
        log,
      ),
    )
    const peer = world.connect(server, { paused: true })
    await world.until('a connection', () => id > 0)
    server.send(id, 'little', { token: 'little' })
    await world.until('the first', () => log.length === 1)
    server.send(id, pattern(1.5 * world.much), { token: 'much' })
    server.send(id, 'more', { token: 'more' })
    await world.until('an attempt', () => server.pending(id) < 1.5 * world.much)
    peer.reset()
    await world.until('the end', () => log.length === 4)
    const [, much = '', more = '', closed = ''] = log
    const [, code] = closed.split(' ')
    t.match(code, /^(ECONNRESET|EPIPE)$/)
    t.strictSame([log[0], much, more], ['sent little', `sent much ${code}`, `sent more ${code}`])
  },

  'the token of a reply that passes maxPending is told of with ENOBUFS': async (t, world) => {
    const log: string[] = []
    const { server } = await world.serve(
      noted(
        {
          opened: () => [null, { maxPending: 1000 }],
          data(id): Reply {
            t.equal(server.send(id, 'x'.repeat(500), { token: 'fits' }), true)
            return ['x'.repeat(501), Action.None, 'does not']
          },
        },
        log,
      ),
    )
    world.connect(server).send('x')
    await world.until('the end', () => log.length === 3)
    t.strictSame(log, ['sent fits ENOBUFS', 'sent does not ENOBUFS', 'closed ENOBUFS'])
  },

  'what send does not take has no token': async (t, world) => {
    const log: string[] = []
    let id = 0
    const { server } = await world.serve(
      noted(
        {
          opened(given) {
            id = given
            return [null, { maxPending: 0 }]
          },
          data: () => ['', Action.Close],
        },
        log,
      ),
    )
    world.connect(server)
    await world.until('a connection', () => id > 0)
    t.equal(server.send(id, 'x', { token: 'too much' }), false)
    t.equal(server.send(id, 'x', { token: 'closing' }), false)
    t.equal(server.send(id + 1, 'x', { token: 'not there' }), false)
    await world.until('the end', () => log.length > 0)
    t.strictSame(log, ['closed ENOBUFS'])
  },

  'sent may ask for Close, and for Shutdown': async (t, world) => {
    for (const action of [Action.Close, Action.Shutdown]) {
      const log: string[] = []
      const { server, done } = await world.serve(
        noted({ data: () => ['x', Action.None, 'token'], sent: () => action }, log),
      )
      const peer = world.connect(server).send('x')
      await world.until('the end', () => log.length === 2)
      t.strictSame(log, ['sent token', 'closed'])
      await world.until('the output', () => peer.received === 'x')
      if (action === Action.Shutdown) await done
    }
  },

  'sent that throws closes its connection, and the tokens behind it are told of all the same': async (
    t,
    world,
  ) => {
    const log: string[] = []
    const { server } = await world.serve(
      noted(
        {
          data(id): Reply {
            server.send(id, 'a', { token: 1 })
            server.send(id, 'b', { token: 2 })
            return ['c', Action.None, 3]
          },
          sent(_id, token) {
            if (token === 1) throw Object.assign(new Error('no'), { code: 'ENO' })
          },
        },
        log,
      ),
    )
    const peer = world.connect(server).send('x')
    await world.until('the end', () => log.length === 4)
    t.strictSame(log, ['sent 1', 'sent 2', 'sent 3', 'closed ENO'])
    await world.until('the output', () => peer.received === 'abc')
  },

  'what sent sends is told of too': async (t, world) => {
    const log: string[] = []
    const { server } = await world.serve(
      noted(
        {
          data: () => ['0', Action.None, 0],
          sent(id, token) {
            const next = (token as number) + 1
            if (next < 5) t.ok(server.send(id, `${next}`, { token: next }))
          },
        },
        log,
      ),
    )
    const peer = world.connect(server).send('x')
    await world.until('the last', () => log.length === 5)
    t.strictSame(log, ['sent 0', 'sent 1', 'sent 2', 'sent 3', 'sent 4'])
    await world.until('the output', () => peer.received === '01234')
  },

  'tokens of promised replies are told of when those have gone': async (t, world) => {
    const log: string[] = []
    const { server } = await world.serve(
      noted({ data: async (_id, input) => [input, Action.None, String(input)] }, log),
    )
    const peer = world.connect(server).send('a')
    await world.until('the first', () => log.length === 1)
    peer.send('b')
    await world.until('the second', () => log.length === 2)
    t.strictSame(log, ['sent a', 'sent b'])
  },

  'tokens need no handler, and send takes nothing but an action or a token': async (t, world) => {
    let id = 0
    const { server } = await world.serve({
      opened(given) {
        id = given
      },
      data: () => ['x', Action.None, 'nobody asks'],
    })
    const peer = world.connect(server).send('x')
    await world.until('the output', () => peer.received === 'x')
    t.ok(server.send(id, 'y', { token: 1, action: Action.Close }))
    await world.until('the end', () => peer.received === 'xy' && peer.ended)
    const wrong = { tokken: 1 }
    t.throws(() => server.send(id, 'x', wrong as never), {
      code: 'ERR_REPLY',
      message: 'send: unknown option "tokken"; known options are action, token, shared',
    })
    t.throws(() => server.send(id, 'x', { action: 7 as never }), { code: 'ERR_REPLY' })
    t.throws(() => server.send(id, 'x', null as never), { code: 'ERR_REPLY' })
  },
}
