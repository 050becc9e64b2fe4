import { Action, type Events } from '../../../lib/index.js'
import { digest, pattern } from '../pattern.js'
import type { Rules } from './rule.js'

/** How the loop ends, whoever requests it. */
export const shutdown: Rules = {
  'pending output may leave, every connection is closed, then serve resolves': async (t, world) => {
    const count = world.real ? 40 : 10
    const out = pattern(world.much / 8)
    let asked = 0
    let closed = 0
    let closedAtEnd = 0
    const running = await world.serve({
      data() {
        asked += 1
        return [out]
      },
      closed: (_id, error) => void (error === undefined && closed++),
    })
    const peers = Array.from({ length: count }, () =>
      world.connect(running.server, { paused: true }).send('x'),
    )
    await world.until('all asked', () => asked === count)
    running.server.shutdown({ timeout: 10_000 })
    running.done.then(() => {
      closedAtEnd = closed
    })
    for (const peer of peers) peer.resume()
    await world.until('the end', () => running.ended && peers.every(peer => peer.ended))
    await running.done
    t.equal(closedAtEnd, count)
    for (const peer of peers) t.equal(digest(peer.receivedBytes), digest(out))
  },

  'listeners are released first: who connects during the drain is refused': async (t, world) => {
    const running = await world.serve({ data: () => ['x'.repeat(world.much)] })
    const { server } = running
    const peer = world.connect(server, { paused: true }).send('x')
    await world.until('pending output', () => server.pending(1) > 0)
    server.shutdown({ timeout: 10_000 })
    await world.pass(5)
    const late = world.connect(server)
    await world.until('a refusal', () => late.error !== undefined)
    t.match(late.error, { code: /^(ECONNREFUSED|ENOENT|ECONNRESET)$/ })
    t.equal(running.ended, false)
    peer.resume()
    await world.until('the end', () => running.ended && peer.ended)
    t.equal(peer.received.length, world.much)
  },

  'nothing more is read once the end was asked for': async (t, world) => {
    const out = 'x'.repeat(world.much)
    let inputs = 0
    const running = await world.serve({
      data() {
        inputs += 1
        return [out]
      },
    })
    const peer = world.connect(running.server, { paused: true, allowHalfOpen: true }).send('x')
    await world.until('pending output', () => running.server.pending(1) > 0)
    running.server.shutdown({ timeout: 10_000 })
    peer.send('more')
    await world.pass(10)
    peer.resume()
    await world.until('the end', () => peer.ended)
    peer.send('and more').end()
    await world.until('the end of the loop', () => running.ended)
    t.equal(inputs, 1)
  },

  'what does not leave in time is given up, with ETIMEDOUT': async (t, world) => {
    const errors: (Error | undefined)[] = []
    const running = await world.serve({
      data: () => ['x'.repeat(world.much)],
      closed: (_id, error) => void errors.push(error),
    })
    const peer = world.connect(running.server, { paused: true, careful: true }).send('x')
    const idle = world.connect(running.server)
    await world.until(
      'pending output',
      () => running.server.pending(1) > 0 && running.server.connections === 2,
    )
    running.server.shutdown({ timeout: 50 })
    await world.until('the end', () => running.ended && idle.ended)
    t.equal(errors.length, 2)
    t.match(
      errors.find(error => error !== undefined),
      { code: 'ETIMEDOUT', message: /shutdown/ },
    )
    peer.resume()
    await world.until('its end', () => peer.error !== undefined || peer.ended)
    if (world.real && world.network === 'unix') t.ok(peer.ended, 'Unix sockets have no reset')
    else t.match(peer.error, { code: 'ECONNRESET' }, 'the peer learns that something is missing')
  },

  'shutdown from inside every handler ends the loop, and asked for twice it is one': async (t, world) => {
    const handlers = ['serving', 'opened', 'data', 'ended', 'prewrite', 'postwrite', 'sent']
    handlers.push('closed', 'detached', 'tick')
    for (const method of ['action', 'call']) {
      for (const handler of handlers) {
        let ask: () => Action = () => Action.None
        const act = (name: string) => (name === handler ? ask() : Action.None)
        let asked = 0
        const running = await world.serve({
          serving(server) {
            ask = () => {
              asked += 1
              if (method === 'action') return Action.Shutdown
              server.shutdown()
              server.shutdown({ timeout: 5 })
              return Action.None
            }
            return act('serving')
          },
          opened: () => [undefined, { halfOpen: handler === 'ended' }, act('opened')],
          data(_id, input) {
            const action = act('data')
            return [input, action === Action.None && handler === 'detached' ? Action.Detach : action, 'token']
          },
          ended: () => ['', act('ended')],
          sent: () => act('sent'),
          prewrite: () => act('prewrite'),
          postwrite: () => act('postwrite'),
          closed: () => act('closed'),
          detached(_id, socket) {
            socket.destroy()
            return act('detached')
          },
          tick: () => [1, act('tick')],
        })
        if (handler !== 'serving' && handler !== 'tick') {
          world.connect(running.server, { allowHalfOpen: true }).send('x').end()
        }
        await world.until(`the end by ${method} in ${handler}`, () => running.ended)
        await running.done
        t.ok(asked > 0, `${method} in ${handler}`)
      }
    }
  },

  'after the end, the server does nothing any more': async (t, world) => {
    const running = await world.serve({ opened: () => ['x'] })
    const { server } = running
    world.connect(server)
    await world.until('a connection', () => server.connections === 1)
    server.shutdown()
    await world.until('the end', () => running.ended)
    t.equal(server.connections, 0)
    t.strictSame(
      [server.send(1, 'x'), server.wake(1), server.pause(1), server.resume(1)],
      Array(4).fill(false),
    )
    t.equal(server.pending(1), 0)
    server.shutdown()
    t.equal(server.addresses.length, 1)
  },

  'a shutdown without connections ends at once': async (t, world) => {
    const running = await world.serve({ tick: () => [3_600_000] })
    running.server.shutdown()
    await world.until('the end', () => running.ended)
    t.equal(running.server.connections, 0)
  },

  'a connection that is closing when the end comes still gets its output': async (t, world) => {
    const out = pattern(world.much)
    const errors: (Error | undefined)[] = []
    const running = await world.serve({
      data: () => [out, Action.Close],
      closed: (_id, error) => void errors.push(error),
    })
    const peer = world.connect(running.server, { paused: true }).send('x')
    await world.until('pending output', () => running.server.pending(1) > 0)
    running.server.shutdown({ timeout: 10_000 })
    peer.resume()
    await world.until('the end', () => running.ended && peer.ended)
    t.equal(digest(peer.receivedBytes), digest(out))
    t.strictSame(errors, [undefined])
  },

  'a reply that was promised before the shutdown still leaves': async (t, world) => {
    let keep: (reply: readonly [string]) => void = () => {}
    let asked = 0
    const events: Events = {
      data: () => {
        asked += 1
        return new Promise<readonly [string]>(resolve => {
          keep = resolve
        })
      },
    }
    const running = await world.serve(events)
    const peer = world.connect(running.server).send('x')
    await world.until('the request', () => asked === 1)
    running.server.shutdown()
    await world.pass(5)
    t.equal(running.ended, false)
    keep(['late'])
    await world.until('the end', () => running.ended && peer.ended)
    t.equal(peer.received, 'late')
  },

  'a reply that never comes is not waited for longer than the shutdown may take': async (t, world) => {
    let asked = 0
    let closedWith: Error | undefined
    const running = await world.serve({
      data: () => {
        asked += 1
        return new Promise<never>(() => {})
      },
      closed(_id, error) {
        closedWith = error
      },
    })
    world.connect(running.server).send('x')
    await world.until('the request', () => asked === 1)
    running.server.shutdown({ timeout: 30 })
    await world.until('the end', () => running.ended)
    t.match(closedWith, { code: 'ETIMEDOUT', message: /promised/ })
  },

  'a timeout of another kind is refused where it is given': async (t, world) => {
    const running = await world.serve({})
    for (const timeout of [-1, Number.NaN, 'soon' as never]) {
      t.throws(() => running.server.shutdown({ timeout }), { code: 'ERR_OPTION', message: /timeout/ })
    }
    t.equal(running.ended, false)
    running.server.shutdown({ timeout: 0 })
    await world.until('the end', () => running.ended)
  },
}
