import { Action, type Events, type Reply, type Server } from '../../../lib/index.js'
import type { Peer, World } from '../world.js'
import type { Rules } from './rule.js'

type Wakes = (server: () => Server) => Events['data']

/** Handlers that wake their own connection whenever they run. */
const wakes: Readonly<Record<string, Wakes>> = {
  'without output': server => id => void server().wake(id),
  'with output': server => id => {
    server().wake(id)
    return ['x']
  },
  'behind a send': server => id => {
    server().send(id, 'x')
    server().wake(id)
  },
  'before a promise': server => async id => {
    server().wake(id)
    await Promise.resolve()
  },
  'behind a promise': server => async id => {
    await Promise.resolve()
    server().wake(id)
    return ['x']
  },
  'from a promise of its own': server => id => {
    void Promise.resolve().then(() => server().wake(id))
  },
}

/** The ways in which a peer leaves. */
const leaves: Readonly<Record<string, (peer: Peer) => unknown>> = {
  ends: peer => peer.end(),
  closes: peer => peer.close(),
  resets: peer => peer.reset(),
}

/** Serves, and counts closed connections. */
async function counting(world: World, events: Omit<Events, 'closed'>) {
  const told: (string | undefined)[] = []
  const running = await world.serve({
    ...events,
    closed: (_id, error) => void told.push((error as NodeJS.ErrnoException | undefined)?.code),
  })
  return { ...running, server: running.server, told }
}

/** A connection whose peer has left is closed, whatever handlers do. */
export const liveness: Rules = {
  'a connection that is woken from every data closes when its peer leaves': async (t, world) => {
    if (!world.real)
      return void t.pass('wakes', { skip: 'a simulation does not rest while one wakes itself' })
    for (const [form, handler] of Object.entries(wakes)) {
      for (const [how, leave] of Object.entries(leaves)) {
        let server: Server | undefined
        let inputs = 0
        const data = handler(() => server as Server)
        const serving = await counting(world, {
          data(id, input, context) {
            inputs += 1
            return data?.(id, input, context)
          },
        })
        server = serving.server
        const peer = world.connect(server).send('go')
        await world.until('wakes', () => inputs > 3)
        if (how !== 'resets' || world.network !== 'unix') leave(peer)
        else peer.close()
        await world.until(`${form}, the peer ${how}: closed`, () => serving.told.length === 1)
        t.equal(server.connections, 0, `${form}, the peer ${how}`)
        server.shutdown({ timeout: 0 })
      }
    }
  },

  'a wake that was asked for before the end is delivered, once, and before closed': async (t, world) => {
    const told: string[] = []
    let keep = () => {}
    const { server } = await world.serve({
      data(id, input): Reply | Promise<Reply> {
        told.push(`data ${input}`)
        if (input === null) return ['woken']
        t.ok(server.wake(id))
        t.ok(server.wake(id), 'twice counts once')
        return new Promise(resolve => {
          keep = () => resolve(['kept '])
        })
      },
      closed: () => void told.push('closed'),
    })
    const peer = world.connect(server).send('x').end()
    await world.until('the input', () => told.length === 1)
    await world.pass(20)
    t.strictSame(told, ['data x'])
    keep()
    await world.until('closed', () => told.length === 3 && peer.ended)
    t.strictSame(told, ['data x', 'data null', 'closed'])
    t.equal(peer.received, 'kept woken')
  },

  'a half-open connection both sides of which have ended closes, though it wakes itself': async (
    t,
    world,
  ) => {
    if (!world.real)
      return void t.pass('wakes', { skip: 'a simulation does not rest while one wakes itself' })
    let server: Server | undefined
    let wakes = 0
    const serving = await counting(world, {
      opened: () => [null, { halfOpen: true }],
      data(id, input) {
        if (input === null) wakes += 1
        server?.wake(id)
        return wakes === 5 ? [null, Action.End] : undefined
      },
      ended: id => void server?.wake(id),
    })
    server = serving.server
    world.connect(server).send('go').end()
    await world.until('closed', () => serving.told.length === 1)
    t.strictSame(serving.told, [undefined])
  },

  'output that is blocked, a pause that waits for it, then a reset: closed': async (t, world) => {
    let server: Server | undefined
    let attempts = 0
    const serving = await counting(world, {
      data(id) {
        server?.pause(id)
        return [Buffer.alloc(1.5 * world.much)]
      },
      postwrite(id, _amount, remaining) {
        attempts += 1
        if (remaining === 0) server?.resume(id)
      },
    })
    server = serving.server
    const peer = world.connect(server, { paused: true }).send('go')
    await world.until('output that is blocked', () => attempts > 0)
    // Unix sockets have no reset, but closing with unread input is one.
    if (world.network === 'unix') peer.close()
    else peer.reset()
    await world.until('closed', () => serving.told.length === 1)
    t.match(serving.told[0], /ECONNRESET|EPIPE/)
  },

  'a pause holds the end of the peer back, and nothing is lost behind it': async (t, world) => {
    const told: string[] = []
    let id = 0
    const { server } = await world.serve({
      data(given, input) {
        id = given
        told.push(`data ${input}`)
        if (told.length === 1) server.pause(id)
      },
      closed: () => void told.push('closed'),
    })
    const peer = world.connect(server).send('x')
    await world.until('the input', () => told.length === 1)
    peer.end()
    await world.pass(50)
    t.strictSame(told, ['data x'], 'nothing was unread, and the end waits all the same')
    t.equal(server.resume(id), true)
    await world.until('closed', () => told.length === 2)
    t.strictSame(told, ['data x', 'closed'])
  },

  'a dial from the last closed of a shutdown, and one behind shutdown, are aborted': async (t, world) => {
    const told: string[] = []
    let redials = 0
    const { server, done } = await world.serve({
      opened: (id, { closing }) => void told.push(`${id} opened ${closing}`),
      closed(id, error) {
        told.push(`${id} ${(error as NodeJS.ErrnoException | undefined)?.code}`)
        if (redials++ === 0) server.dial(target)
      },
    })
    const target = String(server.addresses[0])
    world.connect(server)
    await world.until('a connection', () => told.length === 1)
    server.shutdown()
    await done
    t.strictSame(told, ['1 opened false', '1 undefined', '2 opened true', '2 ECONNABORTED'])
    t.throws(() => server.dial(target), { code: 'ERR_ENDED' })
  },
}
