import { Action, type Handlers, type Opening, protocol, type Reply } from '../../../lib/index.js'
import { digest, pattern } from '../pattern.js'
import type { Rules } from './rule.js'

/** Options and handlers that change while a connection is open. */
export const switching: Rules = {
  'other handlers take over from the next event on, and opened does not run again': async (t, world) => {
    const told: string[] = []
    const second: Handlers<string> = {
      opened: () => t.fail('opened again') as never,
      data(_id, input, context) {
        told.push(`second ${input} ${context}`)
        return ['2', Action.Close]
      },
      closed: (_id, _error, context) => void told.push(`second closed ${context}`),
    }
    const { server } = await world.serve({
      data(id, input) {
        told.push(`first ${input}`)
        t.equal(server.configure(id, protocol(second, 'mine')), true)
        return ['1']
      },
      closed: () => t.fail('the first ones hear no more') as never,
    })
    const peer = world.connect(server).send('a')
    await world.until('the first reply', () => peer.received === '1')
    peer.send('b')
    await world.until('the end', () => peer.ended && told.length === 3)
    t.equal(peer.received, '12')
    t.strictSame(told, ['first a', 'second b mine', 'second closed mine'])
  },

  'input that was not used is delivered first, and all that follows behind it': async (t, world) => {
    const all = pattern(3 * 1024 * 1024)
    const got: Buffer[] = []
    let ended = false
    const second: Handlers<undefined> = {
      data: (_id, input) => void (input !== null && got.push(Buffer.from(input))),
      closed: () => {
        ended = true
      },
    }
    const { server } = await world.serve({
      opened: () => [null, { reuseInputBuffer: true }],
      data(id, input) {
        if (input === null) return
        const used = Math.min(7, input.length)
        got.push(Buffer.from(input.subarray(0, used)))
        server.configure(id, protocol(second, undefined, { input: input.subarray(used) }))
      },
    })
    world.connect(server).send(all).end()
    await world.until('the end', () => ended)
    t.equal(digest(Buffer.concat(got)), digest(all))
  },

  'input may be handed on many times, and from a promised reply': async (t, world) => {
    const all = pattern(5000)
    const got: number[] = []
    let closed = false
    const step: Handlers<number> = {
      async data(id, input, context): Promise<Reply> {
        if (input === null) return
        await Promise.resolve()
        got.push(input[0] ?? -1)
        server.configure(id, protocol(step, context + 1, { input: input.subarray(1) }))
        return context === 100 ? ['x'] : undefined
      },
      closed() {
        closed = true
      },
    }
    const { server } = await world.serve({
      data: (id, input) => void (input !== null && server.configure(id, protocol(step, 0, { input }))),
      closed: () => t.fail('the first ones hear no more') as never,
    })
    const peer = world.connect(server).send(all).end()
    await world.until('the end', () => closed && peer.ended)
    t.equal(digest(Buffer.from(got)), digest(all))
    t.equal(peer.received, 'x')
  },

  'opened may give other handlers': async (t, world) => {
    const second: Handlers<{ name: string }> = {
      data: (_id, _input, { name }) => [name, Action.Close],
    }
    const { server } = await world.serve({
      opened: (): Opening<undefined> => ['hi ', protocol(second, { name: 'Ada' })],
      data: () => t.fail('not these') as never,
    })
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, 'hi Ada')
  },

  'serving of handlers that the loop does not know runs once, before their other ones': async (t, world) => {
    const told: string[] = []
    const second: Handlers<undefined> = {
      serving: given => void told.push(`serving ${given === server}`),
      data: () => {
        told.push('data')
        return ['x']
      },
    }
    const { server } = await world.serve({
      data(id, input) {
        server.configure(id, protocol(second, undefined, { input: input ?? Buffer.alloc(0) }))
      },
    })
    for (const _ of [1, 2]) {
      const peer = world.connect(server).send('?')
      await world.until('the reply', () => peer.received === 'x')
    }
    t.strictSame(told, ['serving true', 'data', 'data'])
  },

  'a wrong option changes nothing at all': async (t, world) => {
    const second: Handlers<undefined> = { data: () => ['second'] }
    let asked = false
    const { server } = await world.serve<string>({
      opened: () => [null, { context: 'kept' }],
      data(id, _input, context) {
        asked = true
        const wrong = (options: object) =>
          t.throws(() => server.configure(id, options), { code: 'ERR_OPTION' }, JSON.stringify(options))
        wrong({ context: 'lost', idleTimeout: -1 })
        wrong({ context: 'lost', handlers: second, readTimeout: '7' })
        wrong({ handlers: { data: 'x' }, paused: true })
        wrong({ handlers: { onData() {} }, paused: true })
        wrong({ handlers: second, context: 'lost', input: 'text' })
        wrong({ handlers: null, paused: true })
        wrong({ input: Buffer.from('x'), paused: true })
        wrong({ paused: 'yes' })
        wrong({ nonsense: 1 })
        t.throws(() => server.configure(id, null as never), { code: 'ERR_OPTION' })
        return [`${context} `]
      },
    })
    const peer = world.connect(server).send('x')
    await world.until('the reply', () => peer.received === 'kept ')
    t.ok(asked)
    peer.send('y')
    await world.until('another', () => peer.received === 'kept kept ')
    t.equal(server.configure(77, {}), false, 'of what is not open')
  },

  'options change one by one, and the context stays unless it is named': async (t, world) => {
    const told: string[] = []
    const { server } = await world.serve<string | undefined>({
      opened: () => [null, { context: 'a' }],
      data(id, input, context) {
        told.push(`${input} ${context}`)
        if (told.length === 1) server.configure(id, { writeTimeout: 500 })
        if (told.length === 2) server.configure(id, { context: 'b' })
        if (told.length === 3) server.configure(id, { paused: true })
        return ['.']
      },
    })
    const peer = world.connect(server)
    for (const count of [1, 2, 3]) {
      peer.send(String(count))
      await world.until('the reply', () => peer.received.length === count)
    }
    peer.send('4')
    await world.pass(30)
    t.equal(told.length, 3, 'it is paused')
    server.configure(1, { paused: false })
    await world.until('the last', () => told.length === 4)
    t.strictSame(told, ['1 a', '2 a', '3 b', '4 b'])
  },

  'halfOpen and a timeout set later count': async (t, world) => {
    const told: string[] = []
    const { server } = await world.serve({
      data: id => void server.configure(id, { halfOpen: true }),
      ended(id) {
        told.push('ended')
        server.configure(id, { idleTimeout: 40 })
      },
      closed: (_id, error) => void told.push(`${(error as NodeJS.ErrnoException | undefined)?.code}`),
    })
    world.connect(server).send('x').end()
    await world.until('closed', () => told.length === 2)
    t.strictSame(told, ['ended', 'ETIMEDOUT'])
  },

  'a timeout that is set late counts from then on, and not from the opening': async (t, world) => {
    for (const timeout of [
      { idleTimeout: 100 },
      { readTimeout: 100 },
      { idleTimeout: 100, readTimeout: 100 },
    ]) {
      let since = 0
      const closed: number[] = []
      const { server } = await world.serve({
        opened: id => void setTimeout(() => server.wake(id), world.real ? 120 : 0),
        data(id) {
          since = server.now
          server.configure(id, timeout)
        },
        closed(_id, error) {
          t.match(error, { code: 'ETIMEDOUT' })
          closed.push(server.now)
        },
      })
      world.connect(server)
      if (!world.real) await world.pass(120)
      await world.until('closed', () => closed.length === 1)
      t.ok((closed[0] ?? 0) - since >= 99, `${closed[0]} is 100 ms after ${since}`)
    }
  },
}
