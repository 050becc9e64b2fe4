import { Action, type Events, type Handlers, type Reply } from '../../../lib/index.js'
import type { Rules } from './rule.js'

/** The calls of `failed`. */
interface Told {
  readonly message: string
  readonly id: number
  readonly handler: string
}

function boom(where: string): never {
  throw new Error(`from ${where}`)
}

/** Which handlers exist, and who receives what they throw. */
export const handlers: Rules = {
  'failed hears of every handler that throws, by its name, and closed gets the error': async (t, world) => {
    const of = ['opened', 'data', 'prewrite', 'postwrite', 'sent', 'ended', 'expired', 'closed'] as const
    for (const name of of) {
      const failures: Told[] = []
      const errors: unknown[] = []
      const at = (where: string) => (where === name ? boom(where) : undefined)
      const { server } = await world.serve({
        opened(id) {
          at('opened')
          if (name === 'expired') server.deadline(id, 1)
          return [null, { halfOpen: true }]
        },
        data(): Reply {
          at('data')
          return ['x', Action.None, 'token']
        },
        prewrite: () => at('prewrite'),
        postwrite: () => at('postwrite'),
        sent: () => at('sent'),
        ended(): Reply {
          at('ended')
          return [null, Action.Close]
        },
        expired: () => at('expired'),
        closed(_id, error) {
          errors.push(error?.message)
          at('closed')
        },
        failed: (error, { id, handler }) => void failures.push({ message: error.message, id, handler }),
      })
      const peer = world.connect(server, { allowHalfOpen: true }).send('x')
      if (name === 'ended' || name === 'closed') peer.end()
      await world.until(`${name}: closed`, () => errors.length === 1 && failures.length === 1)
      t.strictSame(failures, [{ message: `from ${name}`, id: 1, handler: name }])
      t.strictSame(errors, [name === 'closed' ? undefined : `from ${name}`])
    }
  },

  'failed hears of a rejected reply, and may throw itself': async (t, world) => {
    const failures: string[] = []
    const codes: unknown[] = []
    const warned = warnings()
    const { server } = await world.serve({
      data: () => Promise.reject(new Error('rejected')),
      closed: (_id, error) => void codes.push(error?.message),
      failed(error, { handler }) {
        failures.push(`${handler} ${error.message}`)
        throw new Error('failed failed')
      },
    })
    world.connect(server).send('x')
    await world.until('closed', () => codes.length === 1)
    t.strictSame(failures, ['data rejected'])
    t.strictSame(codes, ['rejected'])
    if (world.real) await world.until('both warnings', () => warned.seen.length >= 2)
    warned.stop()
    if (world.real) {
      t.match(warned.seen[0], /rejected/)
      t.match(warned.seen[1], /failed failed/)
    }
  },

  'handlers of an address that have no failed use those that serve was given first': async (t, world) => {
    if (!world.real) return void t.pass('failed of an address', { skip: 'this world takes no endpoints' })
    const failures: string[] = []
    const own: Handlers<undefined> = { data: () => boom('own') }
    const { server } = await world.serve({
      failed: (error, { handler }) => void failures.push(`${handler} ${error.message}`),
    })
    server.dial(String(server.addresses[0]), { events: own })
    await world.until('a connection', () => server.connections === 2)
    for (const id of [1, 2]) server.send(id, 'x')
    await world.until('the failure', () => failures.length === 1)
    t.strictSame(failures, ['data from own'])
  },

  'handlers of a dialled connection are its own, and its context is there from the start': async (
    t,
    world,
  ) => {
    const told: string[] = []
    const own: Handlers<string> = {
      data(_id, input, context) {
        told.push(`${context} ${input}`)
        return [null, Action.Close]
      },
      closed: (_id, error, context) => void told.push(`${context} closed ${error}`),
    }
    const { server } = await world.serve({ opened: () => ['hello'] })
    server.dial(String(server.addresses[0]), { events: own, context: 'mine' })
    await world.until('closed', () => told.length === 2)
    t.strictSame(told, ['mine hello', 'mine closed undefined'])
  },

  'misspelt handlers of a dial are refused, and no id is used up': async (t, world) => {
    const { server } = await world.serve({})
    const address = String(server.addresses[0])
    for (const [events, meant] of [
      [{ onData() {} }, 'data'],
      [{ connect() {} }, 'opened'],
      [{ dtaa() {} }, 'data'],
      [{ close() {} }, 'closed'],
      [{ data: 'x' }, 'data'],
    ] as const) {
      t.throws(() => server.dial(address, { events: events as unknown as Events }), {
        code: 'ERR_OPTION',
        message: new RegExp(`"${meant}"`),
      })
    }
    t.equal(server.connections, 0)
    t.equal(server.dial(address), 1)
    await world.until('both ends', () => server.connections === 2)
  },

  "handlers on a prototype count, and what else stands there is the program's": async (t, world) => {
    class Echo {
      count = 0
      data(_id: number, input: Buffer | null): Reply {
        this.count += 1
        return [input]
      }
      connect() {}
    }
    const echo = new Echo()
    const { server } = await world.serve({ opened: () => ['.'] })
    server.dial(String(server.addresses[0]), { events: echo })
    await world.until('the echo', () => echo.count > 0)
    t.ok(echo.count)
  },

  'a thenable that settles twice counts once, and one that gives a promise is waited for': async (
    t,
    world,
  ) => {
    const replies: Readonly<Record<string, () => unknown>> = {
      twice: () => ({
        // biome-ignore lint/suspicious/noThenProperty: a thenable of a program's
        then(resolve: (reply: Reply) => void) {
          resolve(['once', Action.Close])
          resolve(['again', Action.Close])
        },
      }),
      nested: () => ({
        // biome-ignore lint/suspicious/noThenProperty: a thenable of a program's
        then(resolve: (reply: unknown) => void) {
          resolve(Promise.resolve(['once', Action.Close]))
        },
      }),
      both: () => ({
        // biome-ignore lint/suspicious/noThenProperty: a thenable of a program's
        then(resolve: (reply: Reply) => void, reject: (reason: Error) => void) {
          resolve(['once', Action.Close])
          reject(new Error('too late'))
        },
      }),
    }
    for (const [kind, reply] of Object.entries(replies)) {
      const errors: unknown[] = []
      const { server } = await world.serve({
        data: () => reply() as Promise<Reply>,
        closed: (_id, error) => void errors.push(error),
      })
      const peer = world.connect(server).send('x')
      await world.until('the end', () => peer.ended && errors.length === 1)
      t.equal(peer.received, 'once', kind)
      t.strictSame(errors, [undefined], kind)
    }
  },

  'a promised reply that comes behind a Close that was sent does not go out': async (t, world) => {
    const much = 1.5 * world.much
    let keep: (reply: Reply) => void = () => {}
    let closed = false
    const { server } = await world.serve({
      data: () =>
        new Promise<Reply>(resolve => {
          keep = resolve
        }),
      closed() {
        closed = true
      },
    })
    const peer = world.connect(server, { paused: true }).send('x')
    await world.until('a connection', () => server.connections === 1 && keep.length === 1)
    server.send(1, Buffer.alloc(much, 'y'), Action.Close)
    await world.pass(10)
    keep(['late'])
    await world.pass(10)
    peer.resume()
    await world.until('closed', () => closed && peer.ended)
    t.equal(peer.receivedBytes.length, much)
    t.equal(peer.receivedBytes.includes('late'), false)
  },

  'one output larger than maxPending goes out where nothing is unsent': async (t, world) => {
    const codes: unknown[] = []
    const { server } = await world.serve({
      opened: () => [null, { maxPending: 1000 }],
      data: () => [['x'.repeat(700), 'y'.repeat(700)], Action.Close],
      closed: (_id, error) => void codes.push(error),
    })
    const peer = world.connect(server).send('?')
    await world.until('the end', () => peer.ended && codes.length === 1)
    t.equal(peer.received.length, 1400)
    t.strictSame(codes, [undefined])
  },
}

/** Collects process warnings until it is stopped. */
function warnings() {
  const seen: string[] = []
  const listener = (warning: Error) => void seen.push(warning.message)
  process.on('warning', listener)
  return { seen, stop: () => void process.off('warning', listener) }
}
