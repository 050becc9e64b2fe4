import { Action, type Reply } from '../../../lib/index.js'
import type { Peer } from '../world.js'
import type { Rules } from './rule.js'

/** A promise and its resolver. */
function promise<T>(): { reply: Promise<T>; keep: (value: T) => void; break: (reason: unknown) => void } {
  let keep: (value: T) => void = () => {}
  let fail: (reason: unknown) => void = () => {}
  const reply = new Promise<T>((resolve, reject) => {
    keep = resolve
    fail = reject
  })
  return { reply, keep, break: fail }
}

/** The promise of a `data` handler. */
export const promises: Rules = {
  'until its promise settles a connection is not read, and others go on': async (t, world) => {
    const { reply, keep } = promise<Reply>()
    const inputs: string[] = []
    let first = 0
    const { server } = await world.serve({
      data(id, input) {
        first ||= id
        inputs.push(String(input))
        return id === first && inputs.length === 1 ? reply : [`${input}`]
      },
    })
    const slow = world.connect(server).send('a')
    await world.until('the input', () => inputs.length === 1)
    slow.send('b')
    const other = world.connect(server).send('o')
    await world.until('the other echo', () => other.received === 'o')
    t.strictSame(inputs, ['a', 'o'])
    t.equal(slow.received, '')
    keep(['A'])
    await world.until('both replies', () => slow.received.length === 2)
    t.equal(slow.received, 'Ab')
  },

  'a peer that sends much meanwhile is held back': async (t, world) => {
    const { reply, keep } = promise<Reply>()
    let inputs = 0
    let bytes = 0
    const { server } = await world.serve({
      data(_id, input) {
        inputs += 1
        bytes += input?.length ?? 0
        return inputs === 1 ? reply : undefined
      },
    })
    const size = 1.5 * world.much
    const peer = world.connect(server).send(Buffer.alloc(size))
    await world.until('the first input', () => inputs === 1)
    const other = world.connect(server).end()
    await world.until('another to come and go', () => other.ended)
    t.equal(inputs, 1)
    t.ok(peer.unsent > 0, `${peer.unsent} bytes wait with the peer`)
    keep(undefined)
    await world.until('the rest', () => bytes === size)
    t.ok(inputs > 1)
  },

  'with closeOnBreak, a peer that resets meanwhile closes at once, and its reply goes nowhere': async (
    t,
    world,
  ) => {
    const { reply, keep } = promise<Reply>()
    const { reply: other, keep: keepOther } = promise<Reply>()
    const told: string[] = []
    const { server } = await world.serve<boolean>({
      opened: () => ['unread', { closeOnBreak: told.length === 0, context: told.push('opened') === 1 }],
      data: (_id, input, breaks) => {
        told.push(String(input))
        return breaks ? reply : other
      },
      closed: (_id, error) => void told.push((error as NodeJS.ErrnoException | undefined)?.code ?? 'closed'),
    })
    // On a Unix socket, a peer that leaves with unread input is the closest to a reset.
    const leave = (peer: Peer) => (world.network === 'unix' && world.real ? peer.close() : peer.reset())
    const breaks = world.connect(server, { paused: true }).send('a')
    await world.until('its input', () => told.length === 2)
    const waits = world.connect(server, { paused: true }).send('b')
    await world.until('the other input', () => told.length === 4)
    leave(waits)
    leave(breaks)
    await world.until('the end of the one', () => told.length === 5)
    t.strictSame(told.slice(0, 4), ['opened', 'a', 'opened', 'b'])
    t.match(told[4], /ECONNRESET|EPIPE/)
    t.equal(server.connections, 1)
    keep(['never seen', Action.Shutdown])
    keepOther(undefined)
    await world.until('the end of the other', () => told.length === 6)
    t.notOk(server.draining)
  },

  'a promised reply may close, with output': async (t, world) => {
    const { server } = await world.serve({
      data: async () => {
        await Promise.resolve()
        return ['bye', Action.Close]
      },
    })
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, 'bye')
  },

  'a promised reply may be of any other kind a reply may be': async (t, world) => {
    let asked = 0
    let detached = 0
    const running = await world.serve({
      data: async (_id, input): Promise<Reply> => {
        asked += 1
        const what = String(input)
        if (what === 'd') return ['d', Action.Detach]
        if (what === 's') return ['s', Action.Shutdown]
        return what === 'l' ? [['l', Buffer.from('l'), 'l']] : undefined
      },
      detached(_id, socket) {
        detached += 1
        socket.end('!')
      },
    })
    const peer = world.connect(running.server).send('n')
    await world.until('nothing', () => asked === 1)
    peer.send('l')
    await world.until('a list', () => peer.received === 'lll')
    const given = world.connect(running.server).send('d')
    await world.until('detached', () => given.received === 'd!')
    peer.send('s')
    await world.until('the end', () => running.ended && peer.ended)
    t.equal(peer.received, 'llls')
    t.equal(detached, 1)
  },

  'rejecting is throwing': async (t, world) => {
    const reason = new Error('on purpose')
    const errors: unknown[] = []
    const { server } = await world.serve({
      data: async () => {
        throw reason
      },
      closed: (_id, error) => void errors.push(error),
    })
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended && errors.length === 1)
    t.equal(errors[0], reason)
  },

  'a promised answer of another form closes the connection with ERR_REPLY': async (t, world) => {
    const errors: unknown[] = []
    const { server } = await world.serve({
      data: async () => 'text' as never,
      closed: (_id, error) => void errors.push(error),
    })
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended && errors.length === 1)
    t.match(errors[0], { code: 'ERR_REPLY', message: /^data / })
  },

  'a peer that has ended gets the reply that was promised, then the end': async (t, world) => {
    const { reply, keep } = promise<Reply>()
    let asked = 0
    let closed = 0
    const { server } = await world.serve({
      data: () => {
        asked += 1
        return reply
      },
      closed: (_id, error) => void t.equal(error, undefined, `closed ${++closed}`),
    })
    const peer = world.connect(server).send('x').end()
    await world.until('the request', () => asked === 1)
    const other = world.connect(server).end()
    await world.until('another to come and go', () => other.ended)
    t.equal(closed, 1, 'only the other is closed')
    keep(['late'])
    await world.until('the end', () => peer.ended && closed === 2)
    t.equal(peer.received, 'late')
  },

  'a reply promised to a connection that is gone is nothing': async (t, world) => {
    const { reply, keep } = promise<Reply>()
    const late = promise<Reply>()
    let id = 0
    let closed = 0
    const { server } = await world.serve({
      opened: given => {
        id ||= given
        return [undefined, { idleTimeout: 100 }]
      },
      data: given => (given === id ? reply : late.reply),
      closed: () => void closed++,
    })
    const peers = [world.connect(server).send('x'), world.connect(server).send('x')]
    await world.until('both timed out', () => closed === 2)
    keep(['to nobody', Action.Shutdown])
    late.break(new Error('to nobody'))
    await world.pass(10)
    for (const peer of peers) t.equal(peer.received, '')
    t.equal(closed, 2)
  },

  'a wake meanwhile fires when the promise has settled': async (t, world) => {
    const { reply, keep } = promise<Reply>()
    const ran: string[] = []
    const { server } = await world.serve({
      data(_id, input) {
        ran.push(input === null ? 'wake' : 'input')
        return input === null ? ['w'] : reply
      },
    })
    const peer = world.connect(server).send('x')
    await world.until('the input', () => ran.length === 1)
    server.wake(1)
    const other = world.connect(server).end()
    await world.until('another to come and go', () => other.ended)
    t.strictSame(ran, ['input'])
    keep(['kept,'])
    await world.until('both', () => peer.received === 'kept,w')
    t.strictSame(ran, ['input', 'wake'])
  },

  'send goes out while a reply is promised, before it': async (t, world) => {
    const { reply, keep } = promise<Reply>()
    let asked = 0
    const { server } = await world.serve({
      data: () => {
        asked += 1
        return reply
      },
    })
    const peer = world.connect(server).send('x')
    await world.until('the request', () => asked === 1)
    server.send(1, 'meanwhile,')
    await world.until('it to arrive', () => peer.received === 'meanwhile,')
    keep(['kept'])
    await world.until('the reply', () => peer.received.endsWith('kept'))
    t.equal(peer.received, 'meanwhile,kept')
  },

  'what only has a then is a promise as well': async (t, world) => {
    const { server } = await world.serve({
      data: () =>
        ({
          // biome-ignore lint/suspicious/noThenProperty: this is what is tried
          then: (kept: (reply: Reply) => void) => void queueMicrotask(() => kept(['kept'])),
        }) as unknown as Promise<Reply>,
    })
    const peer = world.connect(server).send('x')
    await world.until('the reply', () => peer.received === 'kept')
    t.equal(server.connections, 1)
  },
}
