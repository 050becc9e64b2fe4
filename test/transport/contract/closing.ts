import { Buffer } from 'node:buffer'
import { Action, type Reply } from '../../../lib/index.js'
import { digest, pattern } from '../pattern.js'
import type { Rules } from './rule.js'

const MIB = 1024 * 1024

/** Close: writes everything pending first, then ends in order. */
export const closing: Rules = {
  'Close closes after all pending output, from data, opened, send, prewrite and postwrite': async (
    t,
    world,
  ) => {
    const out = pattern(world.real ? 3 * MIB : MIB)
    for (const from of ['data', 'opened', 'send', 'prewrite', 'postwrite']) {
      let closed = 0
      const close = (where: string) => (from === where ? Action.Close : Action.None)
      const { server } = await world.serve({
        opened: () => [from === 'opened' ? out : '', {}, close('opened')],
        data(id): Reply {
          if (from === 'opened') return t.fail('data of a connection that closes') as never
          if (from === 'send') server.send(id, out, Action.Close)
          return from === 'send' ? undefined : [out, close('data')]
        },
        prewrite: () => close('prewrite'),
        postwrite: () => close('postwrite'),
        closed: (_id, error) => void t.equal(error, undefined, `${++closed}`),
      })
      const peer = world.connect(server, { allowHalfOpen: true }).send('x')
      await world.until('the end', () => peer.ended)
      t.equal(digest(peer.receivedBytes), digest(out), from)
      t.equal(peer.error, undefined)
      await world.until('closed', () => closed === 1)
    }
  },

  'a connection that closes delivers no more input, and takes no more output': async (t, world) => {
    let id = 0
    let inputs = 0
    let closed = 0
    const { server } = await world.serve({
      opened(given) {
        id = given
        return [undefined, { maxPending: 2 * world.much }]
      },
      data(): Reply {
        inputs += 1
        return ['x'.repeat(world.much), Action.Close]
      },
      closed: () => void closed++,
    })
    const peer = world.connect(server, { paused: true }).send('x')
    await world.until('pending output', () => server.pending(id) > 0 && inputs > 0)
    peer.send('y'.repeat(1000))
    t.equal(server.send(id, 'more'), false)
    t.equal(server.wake(id), false)
    t.equal(server.pause(id), false)
    t.equal(server.resume(id), false)
    const other = world.connect(server).end()
    await world.until('another to come and go', () => other.ended)
    t.equal(closed, 1, 'the one that closes is still there')
    peer.resume()
    await world.until('the end', () => peer.ended && closed === 2)
    t.equal(peer.received, 'x'.repeat(world.much))
    t.equal(inputs, 1)
  },

  'what is asked for after a Close neither takes it back nor loses the output': async (t, world) => {
    const out = pattern(world.much)
    let inputs = 0
    const { server } = await world.serve({
      data(id): Reply {
        inputs += 1
        server.wake(id)
        queueMicrotask(() => server.wake(id))
        return inputs === 1 ? [out, Action.Close] : ['never', Action.None]
      },
    })
    const peer = world.connect(server, { paused: true }).send('x')
    await world.until('the reply', () => inputs > 0)
    peer.resume()
    await world.until('the end', () => peer.ended)
    t.equal(inputs, 1)
    t.equal(digest(peer.receivedBytes), digest(out))
  },

  'a peer that goes on sending gets the last of the output, and no reset before it': async (t, world) => {
    const out = pattern(world.much / 2)
    let closed = 0
    const { server } = await world.serve({
      data: () => [out, Action.Close],
      closed: (_id, error) => void t.equal(error, undefined, `closed ${++closed}`),
    })
    const peer = world.connect(server, { paused: true, allowHalfOpen: true })
    for (let sent = 0; sent < 40; sent++) peer.send(Buffer.alloc(100_000, 'x'))
    await world.until('some input', () => server.connections === 0 || server.pending(1) > 0)
    peer.resume()
    await world.until('the end', () => peer.ended)
    t.equal(peer.error, undefined)
    t.equal(digest(peer.receivedBytes), digest(out))
    t.equal(closed, 1)
  },

  'a peer that does not end is let go a second after the end was sent': async (t, world) => {
    let closed = 0
    const { server } = await world.serve({ data: () => ['bye', Action.Close], closed: () => void closed++ })
    const peer = world.connect(server, { allowHalfOpen: true }).send('x')
    await world.until('the end', () => peer.ended && closed === 1)
    t.equal(server.connections, 0)
    peer.send('is anybody there? ')
    t.equal(peer.error, undefined)
    await world.pass(1100)
    // Input on a closed socket is answered with a reset, which the next write meets.
    await world.until('a reset', () => {
      if (peer.error === undefined) peer.send('is anybody there? ')
      return peer.error !== undefined
    })
    t.match(peer.error, { code: /^(EPIPE|ECONNRESET)$/ })
    t.equal(peer.received, 'bye')
  },

  'a Close behind output that its peer does not read holds nobody up, and is given up in time': async (
    t,
    world,
  ) => {
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      opened: id => [undefined, id === 1 ? { writeTimeout: 300 } : {}],
      data: (id, input): Reply => (id === 1 ? [pattern(world.much), Action.Close] : [input]),
      closed: (_id, error) => void errors.push(error),
    })
    const peer = world.connect(server, { paused: true }).send('x')
    await world.until('pending output', () => server.pending(1) > MIB)
    const other = world.connect(server)
    let rounds = 0
    while (errors.length === 0) {
      other.send('y')
      rounds += 1
      await world.until('the other to be served', () => other.received.length === rounds)
      await world.pass(1)
    }
    t.ok(rounds > 0, `${rounds} answers meanwhile`)
    t.match(errors, [{ code: 'ETIMEDOUT' }])
    t.equal(server.connections, 1)
    peer.close()
  },

  'Close in answer to the last of the input, with the end right behind it': async (t, world) => {
    const out = pattern(world.much)
    let errors = 0
    const { server } = await world.serve({
      data: () => [out, Action.Close],
      closed: (_id, error) => void (error !== undefined && errors++),
    })
    const peer = world.connect(server, { paused: true }).send('x').end()
    await world.until('the reply', () => server.pending(1) > 0 || server.connections === 0)
    peer.resume()
    await world.until('the end', () => peer.ended)
    t.equal(digest(peer.receivedBytes), digest(out))
    await world.until('it is gone', () => server.connections === 0)
    t.equal(errors, 0)
  },

  'Close from tick and from a timer': async (t, world) => {
    let closes = 0
    let open = 0
    const { server } = await world.serve({
      opened: id => {
        open = id
      },
      closed: () => void closes++,
      tick: () => {
        if (open > 0) server.send(open, 'tick', Action.Close)
        return [1]
      },
    })
    const peer = world.connect(server)
    await world.until('the end', () => peer.ended && closes === 1)
    t.equal(peer.received, 'tick')
  },

  'a second Close, from anywhere, is nothing': async (t, world) => {
    let closes = 0
    const { server } = await world.serve({
      data(id): Reply {
        t.equal(server.send(id, 'a', Action.Close), true)
        t.equal(server.send(id, 'b', Action.Close), false)
        t.equal(server.send(id, 'c', Action.Detach), false)
        return ['d', Action.Detach]
      },
      closed(id) {
        closes += 1
        server.send(id, 'e', Action.Close)
        return Action.Close
      },
    })
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended && closes === 1)
    t.equal(peer.received, 'ad', 'what the handler itself returned still counts')
    await world.until('it is gone', () => server.connections === 0)
    t.equal(closes, 1)
  },

  'a connection closed by another in the same batch hears nothing more': async (t, world) => {
    const heard = new Map<number, number>()
    let closer = 0
    const { server } = await world.serve({
      opened: id => void heard.set(id, 0),
      data(id): Reply {
        heard.set(id, (heard.get(id) ?? 0) + 1)
        if (closer !== 0) return undefined
        closer = id
        for (const other of heard.keys()) if (other !== id) server.send(other, 'closed', Action.Close)
        return ['closer', Action.Close]
      },
    })
    const peers = Array.from({ length: 10 }, () => world.connect(server, { allowHalfOpen: true }))
    await world.until('all open', () => server.connections === 10)
    for (const peer of peers) peer.send('x').send('y')
    await world.until('all closed', () => peers.every(peer => peer.ended))
    for (const [id, times] of heard) if (id !== closer) t.equal(times, 0, `${id}`)
    for (const peer of peers) t.match(peer.received, /^closer$|^closed$/)
  },

  'many connections may come and go at once': async (t, world) => {
    const count = world.handshakes ? 160 : 500
    let opened = 0
    let closed = 0
    const { server } = await world.serve({
      opened: () => void opened++,
      data: (id, input) => (id % 3 === 0 ? [input, Action.Close] : [input]),
      closed: () => void closed++,
    })
    for (let round = 0; round < 4; round++) {
      const peers = Array.from({ length: count / 4 }, () => world.connect(server).send('x'))
      await world.until('all answered', () => peers.every(peer => peer.received === 'x'))
      for (const [index, peer] of peers.entries()) index % 2 === 0 ? peer.close() : peer.end()
    }
    await world.until('all gone', () => closed === count)
    t.equal(opened, count)
    t.equal(server.connections, 0)
  },
}
